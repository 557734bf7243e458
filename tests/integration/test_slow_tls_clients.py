"""A client over TLS that is slow to read the last answer on its connection."""

import asyncio
import socket

import pytest

from sidecar.config import Limits
from sidecar.serving import Acceptor

ANSWER = b"x" * 16_000_000  # more than the system keeps of it


@pytest.mark.parametrize(("read_idle", "is_whole"), [(60.0, True), (0.1, False)])
def test_the_end_of_an_answer_waits_as_long_as_the_rest_of_it(
    certs, monkeypatch, read_idle, is_whole
):
    monkeypatch.setattr("asyncio.constants.SSL_SHUTDOWN_TIMEOUT", 0.1)  # it is half a minute

    async def serve(connection, _incoming):
        connection.write(ANSWER)
        return False

    async def main():
        acceptor = Acceptor(serve, lambda _error: b"", Limits(read_idle=read_idle))
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        await acceptor.start(listener, certs.server_context())
        tls = certs.client_context()
        reader, writer = await asyncio.open_connection("localhost", port, ssl=tls)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.5)
        try:
            return len(await reader.read())
        except OSError:
            return 0
        finally:
            writer.transport.abort()
            await acceptor.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        assert (runner.run(main()) == len(ANSWER)) is is_whole
