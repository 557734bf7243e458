"""Streams pass chunk by chunk, in both directions, as they are."""

import asyncio
import zlib

import pytest

from tests.support.proxied import proxied, soon
from tests.support.raw import call, connected, get
from tests.support.steps import body, close, message, send
from tests.support.wire import chunked

PROMPT = 0.25
"""Seconds within which a chunk must have crossed; far below any buffering timer."""


class Feed:
    """A step that sends what the test puts, when it puts it."""

    def __init__(self, head):
        self.queue = asyncio.Queue()
        self.queue.put_nowait(head)

    async def __call__(self, connection, _):
        while True:
            await connection.send(await self.queue.get())

    def put(self, data):
        self.queue.put_nowait(data)


def events(encoding=None):
    fields = [b"Content-Type: text/event-stream", b"Transfer-Encoding: chunked"]
    if encoding:
        fields.append(b"Content-Encoding: " + encoding)
    return Feed(message(b"", *fields, framed=False))


async def read_exactly(client, size):
    got = b""
    while len(got) < size:
        chunk = await client.chunk()
        assert chunk, "the stream ended"
        got += chunk
    return got


async def test_events_cross_one_by_one():
    feed = events()
    async with proxied((body, feed)) as (sidecar, _), connected(sidecar.proxy) as client:
        await client.send(get("/api/x", "Accept: text/event-stream"))
        assert b"text/event-stream" in await asyncio.wait_for(client.head(), PROMPT)
        for number in range(20):
            event = b'data: {"n": %d, "t": "\xe2\x80\xa8"}\r\n\r\n' % number
            feed.put(chunked(event, end=False))
            assert await asyncio.wait_for(read_exactly(client, len(event)), PROMPT) == event
        feed.put(b"0\r\n\r\n")
        assert await asyncio.wait_for(client.chunk(), PROMPT) == b""


async def test_compressed_events_cross_untouched():
    feed = events(b"gzip")
    compressor = zlib.compressobj(wbits=31)
    async with proxied((body, feed)) as (sidecar, _), connected(sidecar.proxy) as client:
        await client.send(get("/api/x", "Accept-Encoding: gzip"))
        assert b"Content-Encoding: gzip" in await client.head()
        for number in range(5):
            event = compressor.compress(b"data: %d\n\n" % number)
            event += compressor.flush(zlib.Z_SYNC_FLUSH)
            feed.put(chunked(event, end=False))
            assert await asyncio.wait_for(read_exactly(client, len(event)), PROMPT) == event


async def test_bytes_of_a_long_length_framed_body_cross_as_they_come():
    feed = Feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    async with proxied((body, feed)) as (sidecar, _), connected(sidecar.proxy) as client:
        await client.send(get())
        await asyncio.wait_for(client.head(), PROMPT)
        for _ in range(5):
            feed.put(b"part")
            assert await asyncio.wait_for(client.some(), PROMPT) == b"part"


@pytest.mark.parametrize("framing", ["chunked", "length"])
async def test_upload_crosses_as_it_comes(framing):
    chunks = framing == "chunked"
    async with (
        proxied((body, send(message(b"ok")))) as (sidecar, origin),
        connected(sidecar.proxy) as client,
    ):
        part = b"p" * 20_000
        field = "Transfer-Encoding: chunked" if chunks else "Content-Length: 100000"
        await client.send(call("POST", "/api/x", field))
        for number in range(1, 6):
            await client.send(chunked(part, end=False) if chunks else part)
            arrived = len(part) * number
            await soon(lambda: sum(r.size for r in origin.requests) == arrived, within=PROMPT)  # noqa: B023
        await client.send(b"0\r\n\r\n" if chunks else b"")
        assert (await client.response()).body == b"ok"


async def test_answer_may_flow_while_the_upload_still_does():
    feed = events()
    async with proxied((feed,)) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(call("POST", "/api/x", "Transfer-Encoding: chunked"))
        await client.send(chunked(b"up 1", end=False))
        await asyncio.wait_for(client.head(), 1)
        for number in range(3):
            feed.put(chunked(b"down", end=False))
            assert await asyncio.wait_for(read_exactly(client, 4), PROMPT) == b"down"
            await client.send(chunked(b"up", end=False))
            arrived = 4 + 2 * (number + 1)
            await soon(lambda: origin.requests[0].size == arrived, within=PROMPT)  # noqa: B023


@pytest.mark.parametrize("ending", ["stays open", "closes"])
async def test_early_refusal_reaches_an_application_that_is_still_sending(ending):
    refusal = message(b"too large", status=b"413 Content Too Large")
    script = (send(refusal), close) if ending == "closes" else (send(refusal),)
    async with proxied(script, (body, send(message(b"next")))) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(call("POST", "/api/x", "Content-Length: 50000000"))
            await client.send(b"u" * 1000)
            answer = await asyncio.wait_for(client.response(), 2)
            assert (answer.status, answer.body) == (413, b"too large")
        async with connected(sidecar.proxy) as client:
            await client.send(get("/api/next"))
            assert (await client.response()).body == b"next"
        assert len(origin.connections) == 2, "a connection with half a request on it is lost"
