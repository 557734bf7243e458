"""An acceptor on a socket, which answers every request in the same way."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sidecar.config import Limits
from sidecar.serving import Acceptor
from sidecar.serving.arriving import Incoming
from sidecar.serving.connection import Connection

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


async def serve(connection: Connection, _incoming: Incoming) -> bool:
    """Answer with `ANSWER`."""
    connection.say(ANSWER)
    return True


@asynccontextmanager
async def accepting(
    sock: socket.socket, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Acceptor]:
    """An acceptor that accepts on `sock`."""
    acceptor = Acceptor(serve, lambda error: b"", Limits())
    await acceptor.start(sock, tls)
    try:
        yield acceptor
    finally:
        await acceptor.close()
