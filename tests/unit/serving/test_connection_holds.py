"""What a connection of the application takes in, and how long it waits to be read to its end."""

import asyncio

import pytest

from sidecar.config import Limits
from sidecar.serving.arriving import HIGH_WATER
from sidecar.serving.connection import Connection, Purpose
from tests.support.connections import FakeTransport
from tests.support.virtual_time import in_virtual_time
from tests.support.websocket import handshake

POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n"


def connection(serve, limits, transport):
    purpose = Purpose(serve, lambda _error: b"", limits, set(), lambda: None)
    subject = Connection(purpose, asyncio.get_running_loop(), secure=False)
    subject.connection_made(transport)
    return subject


@pytest.mark.parametrize("head", [POST, handshake()], ids=["a body", "another protocol"])
async def test_what_is_not_taken_holds_the_client_back(head):
    async def serve(_connection, _incoming):
        await asyncio.Event().wait()

    transport = FakeTransport()
    subject = connection(serve, Limits(), transport)
    subject.data_received(head + b"x" * HIGH_WATER)
    assert transport.reading
    subject.data_received(b"x")
    assert not transport.reading
    subject.connection_lost(None)
    await asyncio.sleep(0)


@pytest.mark.parametrize(("reads", "ends_after"), [((), 10.0), ((5, 12), 30.0)])
def test_who_does_not_read_the_end_of_an_answer_holds_no_connection(reads, ends_after):
    async def serve(_connection, _incoming):
        return False

    async def main():
        loop, transport = asyncio.get_running_loop(), FakeTransport()
        transport.unsent = 1000
        subject = connection(serve, Limits(read_idle=10.0), transport)
        for at in reads:
            loop.call_later(at, setattr, transport, "unsent", 1000 - at)
        subject.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(ends_after - 1.0)
        assert (transport.closing, transport.aborted) == (True, False)
        await asyncio.sleep(2.0)
        assert transport.aborted
        subject.connection_lost(None)

    in_virtual_time(main())
