"""Sockets that listen, bound and not served yet. Knows addresses; nothing of who serves them."""

import socket
import stat
from contextlib import suppress
from pathlib import Path

from sidecar.config import Address

BACKLOG = 1024
"""Connections that may wait until they are accepted."""


def tcp_socket(address: Address) -> socket.socket:
    """A socket that listens there.

    Raises:
        OSError: the address is taken or not ours.
    """
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, proto, _, where = found[0]
    sock = socket.socket(family, kind, proto)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def unix_socket(path: str) -> socket.socket:
    """A socket that listens at this path, and takes it from a socket that has it.

    Raises:
        OSError: the path cannot be used.
    """
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(Path(path).stat().st_mode):
            Path(path).unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def cannot_listen(address: Address, error: OSError) -> OSError:
    """What to tell people."""
    return OSError(f"cannot listen on {address}: {error.strerror or error}")
