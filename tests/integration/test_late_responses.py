"""A connection that received anything while idle is never used for another request."""

import asyncio
import os
import socket

import pytest

from sidecar.transport.connection import Connection
from sidecar.transport.pool import Pool
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, call, get
from tests.support.steps import (
    body,
    close,
    close_later,
    later,
    message,
    reply,
    reset,
    send,
    wait,
)

EVIL = message(b"EVIL", b"X-Evil: 1")
FIRST = message(b"first")

LATE = {
    "in the same segment": (body, send(FIRST + EVIL)),
    "in the next segment": (body, send(FIRST), send(EVIL)),
    "1 ms later": (body, send(FIRST), later(EVIL, 0.001)),
    "50 ms later": (body, send(FIRST), later(EVIL, 0.05)),
    "half a head later": (body, send(FIRST), later(b"HTTP/1.1 200 OK\r\nX-Evil:", 0.001)),
    "garbage in the same segment": (body, send(FIRST + b"\0\1\2garbage")),
    "garbage later": (body, send(FIRST), later(b"\0\1\2garbage", 0.005)),
    "a single byte later": (body, send(FIRST), later(b"H", 0.005)),
    "an empty line later": (body, send(FIRST), later(b"\r\n", 0.005)),
    "an interim response later": (body, send(FIRST), later(b"HTTP/1.1 100 C\r\n\r\n", 0.005)),
    "end of file at once": (body, send(FIRST), close),
    "end of file later": (body, send(FIRST), close_later(0.02)),
    "reset later": (body, send(FIRST), wait(0.02), reset),
    "after a chunked body": (
        body,
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n"),
        later(EVIL, 0.005),
    ),
    "after a chunked body, same segment": (
        body,
        send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n" + EVIL
        ),
    ),
}


@pytest.mark.parametrize("second", [get("/api/second"), call("POST", "/api/second", content=b"2")])
@pytest.mark.parametrize("script", LATE.values(), ids=LATE)
async def test_what_comes_while_idle_never_answers_the_next_request(script, second):
    async with proxied(script, reply(b"second")) as (sidecar, origin):
        assert (await ask(sidecar.proxy, get("/api/first"))).body == b"first"
        await asyncio.sleep(0.1)
        answer = await ask(sidecar.proxy, second)
        assert (answer.status, answer.body) == (200, b"second")
        assert len(origin.connections) == 2
        assert [request.target for request in origin.requests] == [b"/first", b"/second"]


@pytest.mark.parametrize("script", [LATE["in the same segment"], LATE["in the next segment"]])
async def test_second_response_is_caught_even_without_a_pause(script):
    async with proxied(script, reply(b"second")) as (sidecar, _):
        assert (await ask(sidecar.proxy, get("/api/first"))).body == b"first"
        answer = await ask(sidecar.proxy, get("/api/second"))
        assert answer.body == b"second"


BODY_WHERE_NONE_MAY_BE = {
    "HEAD": (call("HEAD"), message(b"EVIL")),
    "HEAD, a whole response": (call("HEAD"), message(b"", b"X: 1") + EVIL),
    "204": (get(), b"HTTP/1.1 204 No Content\r\n\r\nEVIL"),
    "204, a whole response": (get(), b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL),
    "304": (get(), b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nEVIL"),
}


@pytest.mark.parametrize(
    ("data", "raw"), BODY_WHERE_NONE_MAY_BE.values(), ids=BODY_WHERE_NONE_MAY_BE
)
async def test_a_body_where_none_may_be_never_answers_the_next_request(data, raw):
    async with proxied((body, send(raw)), reply(b"second")) as (sidecar, origin):
        answer = await ask(sidecar.proxy, data)
        assert b"EVIL" not in answer.head + answer.body
        await asyncio.sleep(0.02)
        assert (await ask(sidecar.proxy, get("/api/second"))).body == b"second"
        assert len(origin.connections) == 2


async def test_excess_beyond_content_length_is_not_delivered_and_not_reused():
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstEXCESS"
    async with proxied((body, send(raw)), reply(b"second")) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get())
        assert answer.body == b"first"
        assert (await ask(sidecar.proxy, get())).body == b"second"
        assert len(origin.connections) == 2


def speak(origin, late):
    """Put bytes, or an end of file, into the sidecar's first connection at this very moment."""
    number = origin.connections[0].transport.get_extra_info("socket").fileno()
    with socket.socket(fileno=os.dup(number)) as wire:
        wire.send(late) if late else wire.shutdown(socket.SHUT_WR)


AT_THE_LAST_MOMENT = pytest.mark.parametrize(
    "late", [EVIL, b"H", None], ids=["response", "byte", "end of file"]
)


@pytest.mark.parametrize("method", ["GET", "POST"])
@AT_THE_LAST_MOMENT
async def test_connection_is_looked_at_in_the_moment_of_its_reuse(late, method, monkeypatch):
    """What has arrived is in the socket, and the event loop has not told anybody yet."""
    acquire = Pool.acquire

    async def acquire_as_more_arrives(pool, need):
        if origin.requests:
            speak(origin, late)
        return await acquire(pool, need)

    async with proxied(reply(b"first"), reply(b"second")) as (sidecar, origin):
        monkeypatch.setattr(Pool, "acquire", acquire_as_more_arrives)
        assert (await ask(sidecar.proxy, get("/api/first"))).body == b"first"
        content = b"{}" if method == "POST" else None
        answer = await ask(sidecar.proxy, call(method, "/api/second", content=content))
        assert (answer.status, answer.body) == (200, b"second")
        assert [request.target for request in origin.requests] == [b"/first", b"/second"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@AT_THE_LAST_MOMENT
async def test_connection_is_looked_at_again_when_a_waiter_takes_it_over(late, method, monkeypatch):
    """What arrives just as one exchange ends is in the socket when the next one begins."""
    finish = Connection.finish
    spoken = []

    def finish_as_more_arrives(connection):
        if not spoken:
            spoken.append(late)
            speak(origin, late)
        return finish(connection)

    monkeypatch.setattr(Connection, "finish", finish_as_more_arrives)
    first = (body, wait(0.1), send(FIRST))
    async with proxied(first, reply(b"second"), pool={"max_connections": 1}) as (sidecar, origin):
        busy = asyncio.ensure_future(ask(sidecar.proxy, get("/api/first")))
        await soon(lambda: origin.requests != [])
        content = b"{}" if method == "POST" else None
        waiting = await ask(sidecar.proxy, call(method, "/api/second", content=content))
        assert (await busy).body == b"first"
        assert (waiting.status, waiting.body) == (200, b"second")
        assert len(origin.connections) == 2
