"""The application's connections: bytes into requests, and responses into bytes.

Knows HTTP/1.1 as a server; nothing of routes, upstreams or what a request is for.
"""

from sidecar.serving.acceptor import Acceptor
from sidecar.serving.arriving import Incoming
from sidecar.serving.asking import Asking
from sidecar.serving.connection import Connection

__all__ = ["Acceptor", "Asking", "Connection", "Incoming"]
