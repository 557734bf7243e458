"""What a connection of the application takes in while it is answered."""

import asyncio

import pytest

from sidecar.config import Limits
from sidecar.serving.arriving import HIGH_WATER
from sidecar.serving.connection import Connection, Purpose
from tests.support.connections import FakeTransport
from tests.support.websocket import handshake

POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n"


@pytest.mark.parametrize("head", [POST, handshake()], ids=["a body", "another protocol"])
async def test_what_is_not_taken_holds_the_client_back(head):
    async def serve(_connection, _incoming):
        await asyncio.Event().wait()

    purpose = Purpose(serve, lambda _error: b"", Limits(), set(), lambda: None)
    subject = Connection(purpose, asyncio.get_running_loop(), secure=False)
    transport = FakeTransport()
    subject.connection_made(transport)
    subject.data_received(head + b"x" * HIGH_WATER)
    assert transport.reading
    subject.data_received(b"x")
    assert not transport.reading
    subject.connection_lost(None)
    await asyncio.sleep(0)
