"""`sidecar healthcheck`: one GET on a bare socket, for containers without curl.

Uses the standard library only, and not much of it: it runs every few seconds.
"""

import argparse
import json
import re
import socket
import sys

from sidecar.commands import options

READY = "/health/ready"
_URL = re.compile(
    r"(?:http://)?(?:(?P<unix>unix:[^\s]+)|(?P<host>\[[0-9a-fA-F:.]+\]|[^:/\s]+)"
    r":(?P<port>[0-9]{1,5})(?P<path>/\S*)?)"
)
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "*": "127.0.0.1"}  # noqa: S104
_MAX_HEAD = 65536


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.value(
        parser,
        "--url",
        env="SIDECAR_OPS",
        metavar="ADDRESS",
        text="the ops listener: host:port, unix:/path or a URL",
        default="127.0.0.1:9090",
    )
    options.value(
        parser,
        "--timeout",
        env="SIDECAR_HEALTHCHECK_TIMEOUT",
        metavar="SECONDS",
        text="how long to wait for each step",
        default="2",
        kind=options.positive(below=3600),
    )
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """0 when the sidecar is ready, 1 when it is not or does not answer, 2 for a bad address."""
    found = _URL.fullmatch(args.url)
    if found is None or int(found["port"] or 0) > 65535:
        expected = "expected host:port, unix:/path or http://…"
        print(f"sidecar healthcheck: {expected}, not {args.url!r}", file=sys.stderr)
        return 2
    try:
        status, reason = _status(found, args.timeout), ""
    except (OSError, ValueError) as error:
        status, reason = None, str(error) or type(error).__name__
    ready = status == 200
    if args.json:
        print(json.dumps({"ready": ready, "status": status, "reason": reason or None}))
    else:
        text = "ready" if ready else f"not ready: {_reason(args.url, status, reason)}"
        print(text, file=sys.stdout if ready else sys.stderr)
    return 0 if ready else 1


def _reason(address: str, status: int | None, reason: str) -> str:
    """Why it is not ready, and who says so: no listener, no sidecar, or the sidecar."""
    if status is None:
        return f"{address}: {reason}"
    return f"{address} answered {status}"


def _status(found: re.Match[str], timeout: float) -> int:
    """The status of the answer.

    Raises:
        OSError: no connection, or no answer in time.
        ValueError: the answer is not HTTP.
    """
    host = found["host"] or "localhost"
    head = f"GET {found['path'] or READY} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    with _connected(found, timeout) as connection:
        connection.sendall(head.encode())
        line = b""
        while b"\n" not in line and len(line) < _MAX_HEAD:
            received = connection.recv(4096)
            if not received:
                break
            line += received
    answer = re.match(rb"HTTP/1\.[01] ([0-9]{3})\b", line)
    if answer is None:
        raise ValueError("the answer is not HTTP")
    return int(answer[1])


def _connected(found: re.Match[str], timeout: float) -> socket.socket:
    if found["unix"]:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(found["unix"].removeprefix("unix:"))
        except OSError:
            connection.close()
            raise
        return connection
    host = _LOOPBACK.get(found["host"], found["host"]).strip("[]")
    return socket.create_connection((host, int(found["port"])), timeout)
