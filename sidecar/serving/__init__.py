"""The application's connections: bytes into requests, and responses into bytes.

Knows HTTP/1.1 as a server; nothing of routes, upstreams or what a request is for.
"""

from sidecar.serving.acceptor import Acceptor, Serve
from sidecar.serving.arriving import Arriving, Incoming
from sidecar.serving.asking import Asking
from sidecar.serving.connection import Connection

__all__ = ["Acceptor", "Arriving", "Asking", "Connection", "Incoming", "Serve"]
