"""Connections to the upstream: reused, bounded, dropped in time, and never trusted too long."""

import asyncio

import pytest

from tests.support.proxied import elapsed_since, proxied, soon
from tests.support.raw import ask, call, connected, get
from tests.support.steps import OK, body, close_later, message, reply, send, stall, wait

POST = call("POST", "/api/write", content=b"{}")


async def test_sequential_calls_share_one_connection():
    async with proxied(OK) as (sidecar, origin):
        for method in ["GET", "POST", "GET", "PUT", "DELETE", "GET"] * 5:
            content = b"{}" if method in {"POST", "PUT"} else None
            assert (await ask(sidecar.proxy, call(method, content=content))).status == 200
        assert (len(origin.connections), len(origin.requests)) == (1, 30)


async def test_limit_holds_and_waiters_are_served_in_order():
    slow = (body, wait(0.05), send(message(b"ok")))
    async with proxied(slow, pool={"max_connections": 2}) as (sidecar, origin):
        tasks = []
        for number in range(8):
            tasks.append(asyncio.ensure_future(ask(sidecar.proxy, get(f"/api/{number}"))))
            await asyncio.sleep(0.005)
        answers = await asyncio.gather(*tasks)
        assert {answer.status for answer in answers} == {200}
        assert len(origin.connections) == 2
        assert [int(request.target[1:]) for request in origin.requests][2:] == list(range(2, 8))


async def test_waiter_that_left_takes_no_connection():
    first = (body, wait(0.3), send(message(b"first")))
    pool = {"max_connections": 1}
    async with proxied(first, OK, pool=pool) as (sidecar, origin):
        busy = asyncio.ensure_future(ask(sidecar.proxy, get("/api/busy")))
        await soon(lambda: origin.requests != [])
        async with connected(sidecar.proxy) as impatient:
            await impatient.send(get("/api/left"))
            await asyncio.sleep(0.1)
        patient = await ask(sidecar.proxy, get("/api/patient"))
        assert (await busy).body == b"first"
        assert patient.status == 200
        assert [request.target for request in origin.requests] == [b"/busy", b"/patient"]


async def test_connection_of_a_broken_exchange_is_replaced_for_the_waiter():
    pool = {"max_connections": 1, "max_wait": 2.0}
    settings = {"pool": pool, "timeouts": {"first_byte": 0.15}}
    async with proxied((stall,), OK, **settings) as (sidecar, origin):
        broken = asyncio.ensure_future(ask(sidecar.proxy, get("/api/broken")))
        await soon(lambda: origin.requests != [])
        assert (await ask(sidecar.proxy, get("/api/next"))).status == 200
        assert (await broken).error == "first_byte_timeout"
        assert len(origin.connections) == 2


async def test_idle_connection_is_dropped():
    async with proxied(OK, pool={"idle": 0.2}) as (sidecar, origin):
        await ask(sidecar.proxy, get())
        start = asyncio.get_running_loop().time()
        await asyncio.wait_for(origin.connections[0].ended.wait(), 2)
        assert 0.1 < elapsed_since(start) < 1.5


async def test_idle_connection_is_kept_while_it_may_be():
    async with proxied(OK, pool={"idle": 5.0}) as (sidecar, origin):
        await ask(sidecar.proxy, get())
        await asyncio.sleep(0.4)
        await ask(sidecar.proxy, get())
        assert len(origin.connections) == 1


async def test_keep_alive_hint_of_the_upstream_is_followed():
    async with proxied(reply(b"ok", b"Keep-Alive: timeout=1, max=5")) as (sidecar, origin):
        await ask(sidecar.proxy, get())
        start = asyncio.get_running_loop().time()
        await asyncio.wait_for(origin.connections[0].ended.wait(), 2)
        assert elapsed_since(start) < 1.0, "dropped before the upstream does it"


async def test_connection_with_a_zero_hint_is_not_reused():
    async with proxied(reply(b"ok", b"Keep-Alive: timeout=0")) as (sidecar, origin):
        for _ in range(2):
            assert (await ask(sidecar.proxy, get())).status == 200
        assert len(origin.connections) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_unsafe_call_uses_only_a_fresh_connection(method):
    async with proxied(OK, pool={"idle_unsafe": 0.2}) as (sidecar, origin):
        await ask(sidecar.proxy, get())
        await ask(sidecar.proxy, call(method, content=b"{}"))
        assert len(origin.connections) == 1, "idle for a moment only"
        await asyncio.sleep(0.3)
        await ask(sidecar.proxy, get())
        assert len(origin.connections) == 1, "a GET may use it"
        await asyncio.sleep(0.3)
        await ask(sidecar.proxy, call(method, content=b"{}"))
        assert len(origin.connections) == 2


async def test_unsafe_call_finds_room_where_all_connections_are_idle():
    async with proxied(OK, pool={"idle_unsafe": 0.01, "max_connections": 1}) as (sidecar, origin):
        await ask(sidecar.proxy, get())
        await asyncio.sleep(0.1)
        assert (await ask(sidecar.proxy, POST)).status == 200
        assert len(origin.connections) == 2
        await soon(lambda: origin.open_connections == 1)


async def test_one_early_close_does_not_end_reuse_for_good():
    """An upstream that is restarted closes connections of any age: that says nothing for later."""
    restarted = (body, send(message(b"ok")), close_later(0.01))
    async with proxied(restarted, OK) as (sidecar, origin):
        for _ in range(6):
            assert (await ask(sidecar.proxy, get())).status == 200
            await asyncio.sleep(0.05)
        assert len(origin.connections) == 2


async def test_old_connection_is_not_reused():
    async with proxied(OK, pool={"max_age": 0.2}) as (sidecar, origin):
        await ask(sidecar.proxy, get())
        await ask(sidecar.proxy, get())
        assert len(origin.connections) == 1
        await asyncio.sleep(0.3)
        await ask(sidecar.proxy, get())
        assert len(origin.connections) == 2
        await soon(lambda: origin.open_connections == 1)


@pytest.mark.parametrize(
    "raw",
    [
        message(b"ok", b"Connection: close"),
        message(b"ok", b"Connection: X-A, Close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["close", "close among others", "HTTP/1.0"],
)
async def test_connection_that_the_upstream_ends_is_not_reused(raw):
    async with proxied((body, send(raw))) as (sidecar, origin):
        for _ in range(2):
            assert (await ask(sidecar.proxy, get())).body == b"ok"
        assert len(origin.connections) == 2
        await soon(lambda: origin.open_connections == 0)


async def test_close_ends_every_connection():
    async with proxied(OK) as (sidecar, origin):
        await asyncio.gather(*(ask(sidecar.proxy, get()) for _ in range(5)))
    await soon(lambda: origin.open_connections == 0, within=1)


async def test_burst_opens_no_more_connections_than_calls():
    slow = (body, wait(0.1), send(message(b"ok")))
    async with proxied(slow) as (sidecar, origin):
        answers = await asyncio.gather(*(ask(sidecar.proxy, get()) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert len(origin.connections) <= 20
        await asyncio.gather(*(ask(sidecar.proxy, get()) for _ in range(20)))
        assert len(origin.connections) <= 20
