"""Ports of the loopback interface that are free just now, for keys that do not take port 0."""

import secrets
import socket

_BELOW_EPHEMERAL = range(10_000, 32_000)
"""Where the system looks for no port itself: neither for port 0 nor for outgoing connections, so
that nobody takes a port between its choice and its use (`net.ipv4.ip_local_port_range`)."""

_given: set[int] = set()
"""Those that were given already: whoever has one may not be listening yet."""


def free_port() -> int:
    """A TCP port that nobody listened on just now, and that no other call in this process gets."""
    while True:
        port = secrets.choice(_BELOW_EPHEMERAL)  # not `random`: its seed is every worker's
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
