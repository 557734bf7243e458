"""What happens at the upstream when the application leaves."""

import asyncio

import pytest

from tests.support.proxied import elapsed_since, proxied, soon
from tests.support.raw import ask, call, connected, get
from tests.support.steps import (
    OK,
    body,
    generate,
    message,
    send,
    stall,
    wait,
)
from tests.support.wire import chunked

PROMPT = 0.25
"""50 ms are promised; the rest is for a busy machine."""

SOME = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome"
EVENTS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"data", end=False)
FLOOD = (send(b"HTTP/1.1 200 OK\r\n\r\n"), generate(b"x" * 65536, 10_000))


def leave(client, how):
    if how == "reset":
        client.reset()
    else:
        client.leave()


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_read_without_an_answer_is_cancelled(method, how):
    async with proxied((body, stall)) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(call(method))
            await soon(lambda: origin.requests != [])
            start = asyncio.get_running_loop().time()
            leave(client, how)
            await asyncio.wait_for(origin.connections[0].ended.wait(), PROMPT)
        assert elapsed_since(start) < PROMPT


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(
    "script", [(send(SOME), stall), (send(EVENTS), stall), FLOOD], ids=["length", "sse", "flood"]
)
async def test_read_within_its_answer_is_cancelled(script, how):
    async with proxied((body, *script), keep=False) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(get())
            await client.head()
            await client.some(4)
            leave(client, how)
            await asyncio.wait_for(origin.connections[0].ended.wait(), PROMPT)
        await asyncio.sleep(0.05)
        assert len(origin.requests) == 1


async def test_streamed_answer_to_a_write_is_cancelled_as_a_read_is():
    """A generation that streams is paid for as long as it flows: nobody reads it any more."""
    async with (
        proxied((body, send(EVENTS), stall)) as (sidecar, origin),
        connected(sidecar.proxy) as client,
    ):
        await client.send(call("POST", content=b"{}"))
        await client.head()
        await client.chunk()
        client.leave()
        await asyncio.wait_for(origin.connections[0].ended.wait(), PROMPT)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_write_that_went_out_is_let_finish_and_its_answer_discarded(method, how):
    slow = (body, wait(0.3), send(message(b"written")))
    async with proxied(slow, OK, pool={"idle_unsafe": 5.0}) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(call(method, content=b"{}"))
            await soon(lambda: origin.requests != [] and origin.requests[0].complete.is_set())
            leave(client, how)
            await asyncio.sleep(0.2)
            assert not origin.connections[0].ended.is_set()
        await asyncio.sleep(0.2)
        assert (await ask(sidecar.proxy, get("/api/next"))).body == b"ok"
        assert [request.target for request in origin.requests] == [b"/x", b"/next"]


async def test_write_that_is_let_finish_keeps_its_timers():
    async with proxied((body, stall), timeouts={"first_byte": 0.3}) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(call("POST", content=b"{}"))
            await soon(lambda: origin.requests != [] and origin.requests[0].complete.is_set())
            client.leave()
        await asyncio.wait_for(origin.connections[0].ended.wait(), 1)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("field", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
async def test_write_that_is_not_whole_is_cut_off_at_the_upstream(field, how):
    async with proxied(OK) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            start = b"12345" if "Length" in field else chunked(b"12345", end=False)
            await client.send(call("POST", "/api/x", field) + start)
            await soon(lambda: sum(request.size for request in origin.requests) == 5)
            leave(client, how)
            await asyncio.wait_for(origin.connections[0].ended.wait(), PROMPT)
        assert not origin.requests[0].complete.is_set()


async def test_short_write_that_is_not_whole_never_completes_at_the_upstream():
    async with proxied(OK) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(call("POST", "/api/x", "Content-Length: 1000") + b"12345")
            await asyncio.sleep(0.1)
            client.leave()
        await asyncio.sleep(0.1)
        assert not any(request.complete.is_set() for request in origin.requests)
        assert origin.open_connections == 0


async def test_leaving_in_the_queue_for_a_connection_sends_nothing():
    pool = {"max_connections": 1, "max_wait": 5.0}
    slow = (body, wait(0.4), send(message(b"first")))
    async with proxied(slow, OK, pool=pool) as (sidecar, origin):
        busy = asyncio.ensure_future(ask(sidecar.proxy, get("/api/busy")))
        await soon(lambda: origin.requests != [])
        async with connected(sidecar.proxy) as client:
            await client.send(call("POST", "/api/write", content=b"{}"))
            await asyncio.sleep(0.1)
            client.leave()
        assert (await busy).body == b"first"
        await asyncio.sleep(0.1)
        assert [request.target for request in origin.requests] == [b"/busy"]
