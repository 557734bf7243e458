"""A body that ends early is seen by the application as broken, at once, never as complete."""

import asyncio
import zlib

import pytest

from tests.support.proxied import elapsed_since, proxied
from tests.support.raw import ask, connected, get
from tests.support.steps import body, close, message, reply, reset, send, wait
from tests.support.wire import chunked

LARGE = b"x" * 200_000
GZIP = zlib.compress(LARGE, wbits=31)
OPEN_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + LARGE
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"
GZIPPED = message(GZIP, b"Content-Encoding: gzip")[:-20]

BROKEN = {
    "small length, closed": (send(SHORT), close),
    "small length, reset": (send(SHORT), reset),
    "nothing of the body, closed": (send(SHORT[:-5]), close),
    "nothing of the body, reset": (send(SHORT[:-5]), reset),
    "large length, closed": (send(LONG), close),
    "large length, reset": (send(LONG), reset),
    "one byte short": (send(message(LARGE)[:-1]), close),
    "one byte short of a small body": (send(message(b"12345")[:-1]), close),
    "streamed, then closed": (send(SHORT), wait(0.1), send(b"678"), wait(0.05), close),
    "streamed, then reset": (send(SHORT), wait(0.1), send(b"678"), wait(0.05), reset),
    "chunked without end, closed": (send(OPEN_CHUNKED + chunked(b"ab", end=False)), close),
    "chunked without end, reset": (send(OPEN_CHUNKED + chunked(b"ab", end=False)), reset),
    "chunked without any chunk": (send(OPEN_CHUNKED), close),
    "cut within a chunk": (send(OPEN_CHUNKED + b"a\r\n12345"), close),
    "cut after the last chunk's size": (send(OPEN_CHUNKED + b"2\r\nab\r\n0\r\n"), close),
    "cut within a chunk size": (send(OPEN_CHUNKED + b"2\r\nab\r\n1"), close),
    "bad chunk size": (send(OPEN_CHUNKED + b"2\r\nab\r\nzz\r\n"), wait(5)),
    "negative chunk size": (send(OPEN_CHUNKED + b"2\r\nab\r\n-1\r\n"), wait(5)),
    "huge chunk size": (send(OPEN_CHUNKED + b"2\r\nab\r\n" + b"f" * 20 + b"\r\nx"), wait(5)),
    "chunk without its line end": (send(OPEN_CHUNKED + b"2\r\nabXX0\r\n\r\n"), wait(5)),
    "until close, reset": (send(UNTIL_CLOSE + b"half"), reset),
    "until close, streamed, reset": (send(UNTIL_CLOSE + b"half"), wait(0.1), reset),
    "until close, large, reset": (send(UNTIL_CLOSE + LARGE), reset),
    "gzip cut, closed": (send(GZIPPED), close),
    "gzip cut, reset": (send(GZIPPED), reset),
}


def seen_as_broken(answer):
    """Aborted, or (where nothing had gone out yet) replaced by an error that says so."""
    if answer.end in {"short", "reset"}:
        return True
    return answer.status == 502 and answer.error in {"truncated_body", "bad_response"}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
async def test_cut_body_is_seen_as_broken_at_once(script):
    async with proxied((body, *script), reply(b"next")) as (sidecar, origin):
        start = asyncio.get_running_loop().time()
        answer = await ask(sidecar.proxy, get())
        assert seen_as_broken(answer), answer
        assert elapsed_since(start) < 1.5
        assert len(origin.requests) == 1
        assert (await ask(sidecar.proxy, get())).body == b"next"


@pytest.mark.parametrize("ending", [close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "start",
    [SHORT, OPEN_CHUNKED + chunked(b"12345", end=False)],
    ids=["length", "chunked"],
)
async def test_what_came_before_the_cut_is_delivered_before_it(start, ending):
    script = (body, send(start), wait(0.3), ending)
    async with proxied(script) as (sidecar, _), connected(sidecar.proxy) as client:
        await client.send(get())
        assert b"200 OK" in await asyncio.wait_for(client.head(), 0.25)
        got = await asyncio.wait_for(client.some(), 0.25)
        while b"12345" not in got:
            got += await asyncio.wait_for(client.some(), 0.25)
        assert b"0\r\n\r\n" not in await client.rest()


@pytest.mark.parametrize(
    "script",
    [
        (send(OPEN_CHUNKED + chunked(b"ab", end=False)), wait(0.1), close),
        (send(UNTIL_CLOSE + b"half"), wait(0.1), reset),
    ],
    ids=["chunked cut", "until close, reset"],
)
async def test_http_1_0_client_sees_a_reset_because_nothing_else_can_tell_it(script):
    async with proxied((body, *script)) as (sidecar, _), connected(sidecar.proxy) as client:
        await client.send(b"GET /api/x HTTP/1.0\r\nHost: a.test\r\n\r\n")
        answer = await client.response()
        assert answer.end == "reset"
