"""A WebSocket on which the sidecar speaks, with a client that does not do its part."""

import asyncio
import socket
from types import SimpleNamespace

import pytest

from sidecar.config import Limits
from sidecar.exchange import Response, Timeline
from sidecar.serving import Acceptor
from sidecar.switched import Line
from sidecar.tunnels import speak
from tests.support.connections import FakeTransport
from tests.support.proxied import soon
from tests.support.websocket import handshake, key
from tests.support.websocket_frames import PING, PONG, frame


class Talk:
    """A body that has messages, and never runs out of them."""

    length = None

    def __init__(self, message=b"x" * 65536):
        self.message = message
        self.said = 0

    def take(self):
        """Nothing without asking."""

    async def read(self):
        """One more."""
        self.said += 1
        return self.message


@pytest.fixture
async def subject():
    found = SimpleNamespace(body=Talk(), closed=0, ended=0, timeline=Timeline(0.0), error=None)

    async def serve(connection, incoming):
        response = Response(101, b"Switching Protocols", [], found.body)
        response.on_close(lambda error: setattr(found, "closed", found.closed + 1))
        try:
            await speak(connection, incoming, response, found.timeline, patience=0.2)
        except Exception as error:
            found.error = error
            raise
        finally:
            found.ended += 1
        return False

    acceptor = Acceptor(serve, lambda error: b"", Limits())
    sock = socket.create_server(("127.0.0.1", 0))
    found.port = sock.getsockname()[1]
    await acceptor.start(sock)
    yield found
    await acceptor.close()


async def test_who_does_not_read_is_left_and_nothing_piles_up(subject):
    reader, writer = await asyncio.open_connection("127.0.0.1", subject.port, limit=1024)
    writer.write(handshake())
    await reader.readuntil(b"\r\n\r\n")
    await soon(lambda: subject.ended == 1)
    assert (subject.closed, subject.error) == (1, None)
    assert subject.body.said < 400, "what the kernel holds, and little more"
    assert subject.timeline.bytes_down >= 65536
    writer.close()


async def test_who_is_gone_is_left(subject):
    reader, writer = await asyncio.open_connection("127.0.0.1", subject.port)
    writer.write(handshake())
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()
    await soon(lambda: subject.ended == 1)
    assert (subject.closed, subject.error) == (1, None)


async def test_it_ends_when_there_is_no_more_to_say(subject):
    subject.body.message = b""
    reader, writer = await asyncio.open_connection("127.0.0.1", subject.port)
    writer.write(handshake())
    await reader.readuntil(b"\r\n\r\n")
    frame = await reader.readexactly(4)
    assert (frame[0], int.from_bytes(frame[2:4], "big")) == (0x88, 1001)
    writer.close()
    await soon(lambda: subject.closed == 1)


async def test_a_fault_is_told_and_not_hidden(subject, caplog):
    async def broken():
        raise RuntimeError("a fault")

    subject.body.read = broken
    reader, writer = await asyncio.open_connection("127.0.0.1", subject.port)
    writer.write(handshake())
    await reader.readuntil(b"\r\n\r\n")
    frame = await reader.readexactly(4)
    assert (frame[0], int.from_bytes(frame[2:4], "big")) == (0x88, 1011)
    writer.close()
    await soon(lambda: subject.ended == 1)
    assert subject.closed == 1
    assert "RuntimeError: a fault" in caplog.text


async def test_pings_of_who_does_not_read_pile_up_nowhere():
    transport = FakeTransport()
    transport.set_protocol = lambda protocol: setattr(transport, "protocol", protocol)
    connection = SimpleNamespace(
        hand_over=lambda: Line(transport), connection_lost=lambda _error: None
    )
    incoming = SimpleNamespace(headers=[(b"Sec-WebSocket-Key", key().encode())])
    silent = SimpleNamespace(length=None, read=asyncio.Event().wait)
    response = Response(101, b"Switching Protocols", [], silent)
    speaking = asyncio.ensure_future(speak(connection, incoming, response, Timeline(0.0), 60.0))
    await asyncio.sleep(0)
    said = transport.written
    transport.protocol.pause_writing()
    for number in range(100):
        transport.protocol.data_received(frame(PING, b"%d" % number, mask=b"abcd"))
    assert transport.written == said
    transport.protocol.resume_writing()
    assert transport.written == said + frame(PONG, b"99")
    transport.protocol.connection_lost(None)
    await speaking
