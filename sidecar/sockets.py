"""Sockets that listen, bound and not served yet. Knows addresses; nothing of who serves them."""

import socket

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


def cannot_listen(address: Address, error: OSError) -> OSError:
    """What to tell people."""
    return OSError(f"cannot listen on {address}: {error.strerror or error}")
