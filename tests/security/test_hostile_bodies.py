"""Bodies of a hostile client, and requests in pieces: what is behind them, and what never ends."""

import asyncio
from contextlib import suppress

import pytest

from tests.security.raw_requests import CHUNKED, HELLO, NEXT, POST, field
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, connected, get
from tests.support.steps import OK


@pytest.mark.parametrize(
    "name",
    [b"Content-Length: 5", b"Host: evil.test", b"Authorization: x", b"X-A: b", b"Cookie: a=b"],
)
async def test_nothing_behind_a_body_reaches_the_upstream(name):
    data = CHUNKED + b"5\r\nhello\r\n0\r\n" + name + b"\r\n\r\n"
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(data)
        answer = await client.response()
        received = b"".join(bytes(each.received) for each in origin.connections)
        if name.startswith(b"Content"):
            assert answer.status == 400
        else:
            assert received.endswith(HELLO)
        assert name not in received


@pytest.mark.parametrize(
    ("begin", "filler"), [(b"5;", b"x" * 50_000), (b"0\r\n", b"X-A: 1\r\n" * 6000)]
)
async def test_a_body_that_is_all_framing_is_ended(begin, filler):
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(CHUNKED + b"3\r\nabc\r\n" + begin)
        await soon(lambda: origin.requests != [])
        with suppress(ConnectionError):  # it is not read to its end
            for _ in range(8):
                await client.send(filler)
                await asyncio.sleep(0.01)
        await asyncio.wait_for(origin.connections[0].ended.wait(), 1)
        assert not origin.requests[0].complete.is_set()


async def test_many_requests_on_one_connection_are_no_such_body():
    upload = CHUNKED + HELLO
    async with proxied(OK) as (sidecar, _), connected(sidecar.proxy) as client:
        for _ in range(4):
            await client.send(field(b"X-A: " + b"a" * 60_000))
            assert (await client.response()).status == 200
        for byte in upload:
            await client.send(bytes([byte]))
        assert (await client.response()).status == 200


async def test_an_error_takes_along_what_was_sent_behind_it():
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(get("/api/first"))
        assert (await client.response()).status == 200
        await client.send(b"NONSENSE\r\n\r\n" + NEXT * 50)
        received = await client.rest()
        assert received.count(b"HTTP/1.1 ") == 1
        assert [request.target for request in origin.requests] == [b"/first"]


@pytest.mark.parametrize("content", [b"", b"hello"])
async def test_a_request_that_is_cut_at_any_byte_is_none(content):
    """A head that is not whole reaches nothing; a body that is not whole never completes."""
    data = POST + b"Content-Length: %d\r\n\r\n" % len(content) + content
    head = len(data) - len(content)
    async with proxied(OK) as (sidecar, origin):
        for size in range(len(data)):
            async with connected(sidecar.proxy) as client:
                await client.send(data[:size])
                client.writer.write_eof()
                await client.rest()
            if size < head:
                assert not origin.requests
        await asyncio.sleep(0)
        assert not any(request.complete.is_set() for request in origin.requests)
        assert (await ask(sidecar.proxy, data)).status == 200


async def test_a_request_that_comes_byte_by_byte_is_the_same_one():
    data = CHUNKED + b"5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n" + NEXT
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        for byte in data:
            await client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert [(await client.response()).status for _ in range(2)] == [200, 200]
        assert [bytes(request.body) for request in origin.requests] == [b"hello", b""]
