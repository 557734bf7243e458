"""An acceptor on a socket, which answers every request in the same way."""

from contextlib import asynccontextmanager

from sidecar.config import Limits
from sidecar.serving import Acceptor

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


async def serve(connection, _incoming):
    connection.say(ANSWER)
    return True


@asynccontextmanager
async def accepting(sock, tls=None):
    acceptor = Acceptor(serve, lambda error: b"", Limits())
    await acceptor.start(sock, tls)
    try:
        yield acceptor
    finally:
        await acceptor.close()
