"""Large bodies cross with flat memory, and whoever does not read holds the other side back."""

import asyncio
import hashlib

import pytest

from tests.support.process import PeakMemory
from tests.support.proxied import proxied, soon
from tests.support.raw import call, connected, get
from tests.support.steps import OK, body, close, deaf, generate, send, stall
from tests.support.wire import chunked

CHUNK = bytes(range(256)) * 1024
TIMES = 400
SIZE = len(CHUNK) * TIMES  # 100 MiB
FLAT = 30 * 2**20
IN_BUFFERS = 30 * 2**20
"""What kernel buffers of four sockets may hold, generously."""

DIGEST = hashlib.sha256(CHUNK * 1).copy()
for _ in range(TIMES - 1):
    DIGEST.update(CHUNK)

DOWN = {
    "length": (send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE), CHUNK, b""),
    "chunked": (
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        chunked(CHUNK, end=False),
        b"0\r\n\r\n",
    ),
    "until close": (send(b"HTTP/1.1 200 OK\r\n\r\n"), CHUNK, b""),
}


@pytest.mark.parametrize("framing", DOWN)
async def test_100_mb_down_with_flat_memory(framing):
    head, part, end = DOWN[framing]
    script = [body, head, generate(part, TIMES), send(end)]
    if framing == "until close":
        script.append(close)
    digest = hashlib.sha256()
    async with (
        proxied(script, keep=False) as (sidecar, _),
        connected(sidecar.proxy, limit=2**20) as client,
        PeakMemory() as peak,
    ):
        await client.send(get())
        await client.head()
        left = SIZE
        while left:
            data = await (client.some(min(left, 2**18)) if framing == "length" else client.chunk())
            assert data, "the body ended early"
            digest.update(data)
            left -= len(data)
    assert digest.digest() == DIGEST.digest()
    assert peak.growth < FLAT


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_100_mb_up_with_flat_memory(framing):
    chunks = framing == "chunked"
    part = chunked(CHUNK, end=False) if chunks else CHUNK
    async with (
        proxied(OK, keep=False) as (sidecar, origin),
        connected(sidecar.proxy) as client,
        PeakMemory() as peak,
    ):
        field = "Transfer-Encoding: chunked" if chunks else f"Content-Length: {SIZE}"
        await client.send(call("POST", "/api/x", field))
        for _ in range(TIMES):
            await client.send(part)
        await client.send(b"0\r\n\r\n" if chunks else b"")
        assert (await client.response()).body == b"ok"
        assert origin.requests[0].digest.digest() == DIGEST.digest()
    assert peak.growth < FLAT


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_application_that_stops_reading_stops_the_upstream(framing):
    head, part, _ = DOWN[framing]
    async with (
        proxied((body, head, generate(part, TIMES)), keep=False) as (sidecar, origin),
        connected(sidecar.proxy) as client,
        PeakMemory() as peak,
    ):
        await client.send(get())
        await soon(lambda: origin.connections != [])
        sent = await settled(lambda: origin.connections[0].bytes_sent)
        assert sent < IN_BUFFERS
        await client.some()
        while (await client.some(2**20)) and origin.connections[0].bytes_sent == sent:
            pass
        assert origin.connections[0].bytes_sent > sent, "it goes on when the application does"
    assert peak.growth < FLAT


async def test_upstream_that_stops_reading_stops_the_application():
    accepted = 0

    async def upload(client):
        nonlocal accepted
        await client.send(call("POST", "/api/x", f"Content-Length: {SIZE}"))
        for _ in range(TIMES):
            await client.send(CHUNK)
            accepted += len(CHUNK)

    async with (
        proxied((deaf, stall), keep=False) as (sidecar, _),
        connected(sidecar.proxy) as client,
        PeakMemory() as peak,
    ):
        sending = asyncio.create_task(upload(client))
        assert await settled(lambda: accepted) < IN_BUFFERS
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert peak.growth < FLAT


async def settled(value):
    """The value once it has stopped changing for 0.3 s."""
    async with asyncio.timeout(10):
        last, since = value(), 0
        while since < 30:
            await asyncio.sleep(0.01)
            last, since = (last, since + 1) if value() == last else (value(), 0)
        return last
