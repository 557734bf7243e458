"""Ports of the loopback interface that are free at this moment."""

import socket


def free_port() -> int:
    """A TCP port that nobody listened on just now, for keys that do not take port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
