"""Calls the admin listener of a running sidecar, and prints what it says.

Uses the standard library only, unless it must read the configuration to find the listener.
"""

import argparse
import http.client
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from sidecar.commands import options

PROBLEM = 1
USAGE = 2
USUAL = "127.0.0.1:9901"
_UNNAMED = "sidecar.yaml"
"""What `-c` is where nobody names a file; then there need not be one."""

_TIMEOUT = 10.0
_MOST = 16 * 1024 * 1024
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
_UNIX = "unix:"
_WITHOUT_IT = (
    "a sidecar that runs is found without it by --admin ADDRESS, its token by --token-file FILE"
)
_NO_ENDPOINT = "not found"
_UNUSABLE = "holds no token: expected one line of ASCII"


class Place(NamedTuple):
    """Where the listener is, and the token that it wants."""

    address: str
    token: str | None = None


class Said(NamedTuple):
    """An answer."""

    status: int
    text: str


class NoAnswer(Exception):
    """Nobody answers; the message is for people."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that say where the listener is."""
    options.config(parser)
    options.value(
        parser,
        "--admin",
        env="SIDECAR_ADMIN",
        metavar="ADDRESS",
        text="the admin listener, host:port or unix:/path; else as in the configuration",
    )
    options.value(
        parser,
        "--token-file",
        env="SIDECAR_ADMIN_TOKEN_FILE",
        metavar="FILE",
        text="file that holds its token; else as in the configuration",
    )
    options.as_json(parser)


def call(
    args: argparse.Namespace,
    method: str,
    path: str,
    parameters: Mapping[str, str | None] | None = None,
    missing: str = "",
) -> int:
    """Make one call and print the answer: 0 done, 1 refused or nobody there, 2 wrong usage.

    Args:
        args: with the flags of `add_arguments`.
        method: GET, POST or DELETE.
        path: quoted, without a query.
        parameters: those that are None are left out.
        missing: what is said of a sidecar that has no such endpoint.
    """
    place = place_of(args)
    if isinstance(place, int):
        return place
    given = {**(parameters or {}), "format": "json" if args.json else "text"}
    try:
        said = ask(place, method, path, given)
    except NoAnswer as error:
        print(f"sidecar: {error}", file=sys.stderr)
        return PROBLEM
    if missing and said.status == 404 and _NO_ENDPOINT in said.text:
        said = Said(404, said.text.replace(_NO_ENDPOINT, missing, 1))
    print(said.text, end="", file=sys.stdout if said.status < 400 or args.json else sys.stderr)
    return 0 if said.status < 400 else PROBLEM


def ask(
    place: Place, method: str, path: str, parameters: Mapping[str, str | None] | None = None
) -> Said:
    """Make one call and give the answer, whatever it says.

    Args:
        place: where the listener is.
        method: as for `call`.
        path: as for `call`.
        parameters: as for `call`.

    Raises:
        NoAnswer: nobody answers there.
    """
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    headers = {"X-Sidecar-Admin": "1"}
    if place.token:
        headers["Authorization"] = f"Bearer {place.token}"
    connection = _connection(place.address)
    try:
        connection.request(method, f"{path}?{urlencode(given, errors='replace')}", headers=headers)
        answer = connection.getresponse()
        return Said(answer.status, answer.read(_MOST).decode(errors="replace"))
    except (OSError, UnicodeError, http.client.HTTPException) as error:  # Unicode: no host name
        reason = str(error) or type(error).__name__
        hint = "is the sidecar running, and is this its listen.admin?"
        raise NoAnswer(f"no answer from {place.address}: {reason} ({hint})") from None
    finally:
        connection.close()


def _connection(address: str) -> http.client.HTTPConnection:
    """Not connected yet.

    Raises:
        ValueError: it is no address.
    """
    if address.startswith(_UNIX) and len(address) > len(_UNIX):
        return _UnixConnection(address[len(_UNIX) :], _TIMEOUT)
    host, colon, port = address.removeprefix("http://").rstrip("/").rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(address)
    return http.client.HTTPConnection(_LOOPBACK.get(host, host), int(port), timeout=_TIMEOUT)


def place_of(args: argparse.Namespace) -> Place | int:
    """Where the listener is: as the flags say, else the configuration, else the usual address.

    The exit code where that cannot be known; then the reason has been printed.
    """
    found = _place(args)
    if isinstance(found, Place):
        try:
            _connection(found.address)
        except (ValueError, http.client.InvalidURL):
            expected = "expected host:port or unix:/path"
            print(f"sidecar: {expected}, not {found.address!r}", file=sys.stderr)
            return USAGE
    return found


def _place(args: argparse.Namespace) -> Place | int:
    try:
        token = _token_in(Path(args.token_file)) if args.token_file else None
    except ValueError as error:
        print(f"sidecar: {args.token_file}: {error}", file=sys.stderr)
        return USAGE
    if args.admin:
        return Place(args.admin, token)
    if args.config == _UNNAMED and not Path(args.config).is_file():
        return Place(USUAL, token)
    from sidecar.commands.loading import loaded

    found = loaded(args)
    if isinstance(found, int):
        if found == PROBLEM:  # in a shell without its variables, or after a change that is refused
            print(_WITHOUT_IT, file=sys.stderr)
        return found
    if found.config.listen.admin is None:
        print("sidecar: listen.admin is null: this sidecar has no admin listener", file=sys.stderr)
        return PROBLEM
    return Place(str(found.config.listen.admin), token or found.config.admin.token)


def _token_in(path: Path) -> str:
    """The token in a file.

    Raises:
        ValueError: there is none that a header field could hold. It is no part of the message.
    """
    try:
        token = path.read_text("ascii").strip()
    except OSError as error:
        raise ValueError(error.strerror) from None
    except UnicodeDecodeError:
        raise ValueError(_UNUSABLE) from None
    if not token.isprintable():
        raise ValueError(_UNUSABLE)
    return token


def as_by() -> str | None:
    """Who calls, for the audit log; as far as this machine knows."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a passwd entry
        return None
