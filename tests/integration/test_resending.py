"""How often one call of the application goes out: once, with a single exception."""

import asyncio

import pytest

from tests.support.proxied import proxied
from tests.support.raw import ask, call, get
from tests.support.steps import OK, body, close, message, reply, reset, send, stall

DIES = {"closed": (body, close), "reset": (body, reset)}
WARM = reply(b"warm")


async def after_a_warm_up(sidecar, data):
    assert (await ask(sidecar.proxy, get("/api/warm"))).body == b"warm"
    return await ask(sidecar.proxy, data)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("dies", DIES.values(), ids=DIES)
async def test_read_on_a_dying_reused_connection_goes_out_once_more(method, dies):
    async with proxied(WARM, dies, OK) as (sidecar, origin):
        answer = await after_a_warm_up(sidecar, call(method))
        assert answer.status == 200
        targets = [request.target for request in origin.requests]
        assert targets == [b"/warm", b"/x", b"/x"]
        assert len(origin.connections) == 2


@pytest.mark.parametrize("dies", DIES.values(), ids=DIES)
async def test_second_death_is_final(dies):
    async with proxied(WARM, dies, dies, OK) as (sidecar, origin):
        answer = await after_a_warm_up(sidecar, get())
        assert (answer.status, answer.error) == (502, "upstream_reset")
        assert len(origin.requests) == 3


async def test_the_one_more_goes_out_on_a_fresh_connection_even_where_others_idle():
    """Several idle connections may all be dying: only a new one says something."""
    async with proxied(WARM, WARM, WARM, DIES["closed"], OK) as (sidecar, origin):
        await asyncio.gather(*(ask(sidecar.proxy, get("/api/warm")) for _ in range(3)))
        before = len(origin.connections)
        answer = await ask(sidecar.proxy, get())
        assert answer.status == 200
        assert len(origin.requests) == 5
        assert len(origin.connections) == before + 1


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("content", [b"{}", b""])
@pytest.mark.parametrize("dies", DIES.values(), ids=DIES)
async def test_write_on_a_dying_reused_connection_is_never_repeated(method, content, dies):
    async with proxied(WARM, dies, OK) as (sidecar, origin):
        answer = await after_a_warm_up(sidecar, call(method, content=content))
        assert (answer.status, answer.error) == (502, "stale_connection")
        assert [request.method for request in origin.requests] == [b"GET", method.encode()]


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ((body, send(b"HTTP/1.1 200 OK\r\nX-A"), close), 502),
        ((body, send(b"H"), close), 502),
        ((body, send(b"HTTP/1.1 103 H\r\n\r\n"), close), 502),
        ((body, send(message(b"busy", status=b"503 Busy"))), 503),
        ((body, send(b"garbage\r\n\r\n")), 502),
        ((body, stall), 504),
    ],
    ids=["cut head", "one byte", "interim only", "a real 503", "garbage", "silence"],
)
async def test_read_is_not_repeated_after_a_byte_of_answer_or_a_timeout(script, status):
    async with proxied(WARM, script, OK, timeouts={"first_byte": 0.2}) as (sidecar, origin):
        answer = await after_a_warm_up(sidecar, get())
        assert answer.status == status
        assert len(origin.requests) == 2


async def test_read_with_a_body_goes_out_once_more_with_it():
    async with proxied(WARM, DIES["closed"], OK) as (sidecar, origin):
        answer = await after_a_warm_up(sidecar, call("GET", content=b"{}"))
        assert answer.status == 200
        assert [bytes(request.body) for request in origin.requests[1:]] == [b"{}", b"{}"]


async def test_connection_that_closed_while_idle_costs_no_repetition():
    async with proxied((body, send(message(b"warm")), close), OK) as (sidecar, origin):
        await ask(sidecar.proxy, get("/api/warm"))
        await asyncio.sleep(0.05)
        answer = await ask(sidecar.proxy, call("POST", content=b"{}"))
        assert answer.status == 200
        assert [request.method for request in origin.requests] == [b"GET", b"POST"]
