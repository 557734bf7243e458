"""Clients that send so slowly that they would hold a connection for ever (slow loris)."""

import asyncio

import pytest

from tests.support.lateness import timed
from tests.support.proxied import elapsed_since, proxied
from tests.support.raw import ask, connected, get
from tests.support.steps import OK

SHORT = 0.5


async def drip(client, data, every=0.1):
    """Byte after byte, until the connection ends or all is sent."""
    for byte in data:
        if client.reader.at_eof():
            return
        try:
            await client.send(bytes([byte]))
        except ConnectionError:
            return
        await asyncio.sleep(every)


@pytest.mark.parametrize(
    ("begun", "rest"),
    [
        (b"GET /api/", b"x" * 100),
        (b"GET /api/x HTTP/1.1\r\nHost: a\r\nX-A: ", b"a" * 100),
        (b"\r\n", b"\r\n" * 100),
    ],
    ids=["line", "field", "empty lines"],
)
async def test_a_head_that_drips_ends_with_its_time(begun, rest):
    async with proxied(OK, limits={"head": SHORT}) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            start = asyncio.get_running_loop().time()
            await client.send(begun)
            dripping = asyncio.create_task(drip(client, rest))
            assert await client.rest() == b""
            assert SHORT * 0.8 <= elapsed_since(start) <= SHORT + 1.0
            dripping.cancel()
            await asyncio.gather(dripping, return_exceptions=True)
        assert not origin.connections


@timed
async def test_so_does_one_behind_an_answer_and_no_other():
    async with (
        proxied(OK, limits={"head": SHORT}) as (sidecar, origin),
        connected(sidecar.proxy) as client,
    ):
        for _ in range(4):  # slow ones, each within its time
            await client.send(get()[:20])
            await asyncio.sleep(SHORT * 0.6)
            await client.send(get()[20:])
            assert (await client.response()).status == 200
        await asyncio.sleep(SHORT * 2)  # between two requests there is no head
        await client.send(get())
        assert (await client.response()).status == 200
        start = asyncio.get_running_loop().time()
        dripping = asyncio.create_task(drip(client, get() * 3))
        assert await client.rest() == b""
        assert elapsed_since(start) <= SHORT + 1.0
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        assert len(origin.requests) == 5


async def test_an_idle_connection_ends_with_its_own_time():
    async with (
        proxied(OK, limits={"head": 10.0, "keep_alive": SHORT}) as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        start = asyncio.get_running_loop().time()
        assert await client.rest() == b""
        assert SHORT * 0.8 <= elapsed_since(start) <= SHORT + 1.0


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_a_body_that_stops_ends_with_its_time(framing):
    async with proxied(OK, limits={"body_idle": SHORT}) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            start = asyncio.get_running_loop().time()
            await client.send(b"POST /api/x HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n5")
            answer = await client.response()
            assert (answer.status, answer.error) == (408, "request_body_timeout")
            assert elapsed_since(start) <= SHORT + 1.0
        assert not any(request.complete.is_set() for request in origin.requests)


@timed
async def test_many_slow_ones_do_not_keep_a_quick_one_waiting():
    async with proxied(OK, limits={"head": 10.0}) as (sidecar, _):
        slow = []
        for _ in range(300):
            reader, writer = await asyncio.open_connection(sidecar.proxy.host, sidecar.proxy.port)
            writer.write(b"GET /api/x HTTP/1.1\r\nHost: a\r\nX-")
            slow.append((reader, writer))
        start = asyncio.get_running_loop().time()
        assert (await ask(sidecar.proxy, get())).status == 200
        assert elapsed_since(start) < 1
        for _, writer in slow:
            writer.transport.abort()
        await asyncio.sleep(0)
