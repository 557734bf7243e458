"""`sidecar certs`: a local authority and a certificate for the listeners with TLS.

For clients that insist on https. Nothing is sent anywhere, and no trust store is touched.
"""

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.commands import options
from sidecar.commands.certificate_files import Files, system_authorities
from sidecar.commands.certificate_names import all_names, configured_names
from sidecar.commands.certificate_report import report, report_text
from sidecar.commands.loading import PROBLEM, USAGE
from sidecar.commands.terminal import print_problems
from sidecar.loader import ConfigErrors, ConfigNotFound

if TYPE_CHECKING:
    from sidecar.commands.local_authority import Pair

MOST_DAYS = 825
"""Apple's systems trust no server certificate that is valid for longer, whoever signed it
(support.apple.com/103769)."""

SOON = dt.timedelta(days=30)
"""`--show` fails when less is left."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.value(
        parser,
        "-c",
        "--config",
        env="SIDECAR_CONFIG",
        metavar="FILE",
        text="take the names of its listeners and its `hosts`; sidecar.yaml where there is one",
    )
    options.value(
        parser,
        "--dir",
        env="SIDECAR_CERTS_DIR",
        metavar="FOLDER",
        text="where the files are",
        default="certs",
    )
    parser.add_argument(
        "--name",
        action="append",
        metavar="NAME",
        help="a host name or address that clients use, beside localhost, 127.0.0.1 and ::1; may "
        "be repeated [SIDECAR_CERTS_NAMES, separated by commas]",
    )
    options.value(
        parser,
        "--days",
        env="SIDECAR_CERTS_DAYS",
        metavar="DAYS",
        text=f"how long the certificate is valid, at most {MOST_DAYS}",
        default="397",
        kind=options.positive(below=MOST_DAYS + 1),
    )
    options.switch(
        parser,
        "--force",
        env="SIDECAR_CERTS_FORCE",
        text="replace the certificate, to renew it; the authority stays where it can sign it",
    )
    options.switch(
        parser,
        "--show",
        env="SIDECAR_CERTS_SHOW",
        text="make nothing: show names and expiry, and fail when less than 30 days are left",
    )
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """0 when all is there, 1 when it cannot be made or expires soon, 2 for wrong usage."""
    try:
        import sidecar.commands.local_authority as _  # noqa: F401 - whether it can be
    except ModuleNotFoundError:
        return _failed("needs the package cryptography: pip install 'outbound-sidecar[certs]'")
    try:
        files = Files(Path(args.dir).absolute())
        if args.show:
            return _show(files, as_json=args.json)
        names = _names(args)
        return names if isinstance(names, int) else _make(files, names, args)
    except OSError as error:
        return _failed(f"{error.filename or args.dir}: {error.strerror or error}")
    except ValueError as error:
        return _failed(str(error))


def _failed(message: str, code: int = PROBLEM) -> int:
    print(f"sidecar certs: {message}", file=sys.stderr)
    return code


def _names(args: argparse.Namespace) -> tuple[str, ...] | int:
    """All names; or the exit code, after it was said what is wrong."""
    named = os.environ.get("SIDECAR_CERTS_NAMES", "").split(",")
    given = args.name or [name.strip() for name in named if name.strip()]
    path = Path(args.config or "sidecar.yaml")
    try:
        wanted = args.config is not None or path.exists()
        configured = configured_names(path) if wanted else ()
    except ConfigErrors as errors:
        print_problems(errors.problems)
        return USAGE if isinstance(errors, ConfigNotFound) else PROBLEM
    try:
        return all_names(given, configured)
    except ValueError as error:
        return _failed(str(error), USAGE)


def _make(files: Files, names: Sequence[str], args: argparse.Namespace) -> int:
    from sidecar.commands.local_authority import make_authority, make_server

    if (files.server.exists() or files.server_key.exists()) and not args.force:
        return _failed(f"{files.server} is there already; --force replaces it")
    now = dt.datetime.now(dt.UTC)
    days = dt.timedelta(days=args.days)
    authority = _kept(files, names, now + days)
    how = "kept" if authority else "replaced" if files.authority.exists() else "new"
    authority = authority or make_authority(names, now)
    server = make_server(authority, names, now, now + days)
    if how != "kept":
        files.write(files.authority_key, authority.key_pem, private=True)
        files.write(files.authority, authority.certificate_pem)
    system = system_authorities(files.bundle)
    files.write(files.bundle, authority.certificate_pem + system)
    files.write(files.server_key, server.key_pem, private=True)
    files.write(files.server, server.certificate_pem)
    made = report(files, authority.certificate, server.certificate, now)
    made |= {"authority_is": how, "bundle_has_system": bool(system)}
    print(json.dumps(made, indent=2) if args.json else report_text(made))
    return 0


def _kept(files: Files, names: Sequence[str], until: dt.datetime) -> "Pair | None":
    """The authority that is there, if it can vouch for `names` up to `until`."""
    from sidecar.commands.local_authority import can_sign, read_pair

    if not (files.authority.exists() and files.authority_key.exists()):
        return None
    authority = read_pair(files.authority, files.authority_key)
    return authority if can_sign(authority, names, until) else None


def _show(files: Files, *, as_json: bool) -> int:
    from sidecar.commands.local_authority import read_certificate

    now = dt.datetime.now(dt.UTC)
    authority, server = read_certificate(files.authority), read_certificate(files.server)
    ends = min(authority.not_valid_after_utc, server.not_valid_after_utc)
    found: dict[str, Any] = report(files, authority, server, now) | {"ok": ends - now >= SOON}
    print(json.dumps(found, indent=2) if as_json else report_text(found))
    return 0 if found["ok"] else PROBLEM
