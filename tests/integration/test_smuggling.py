"""Requests that two readers could frame differently: refused whole, and not a byte goes on.

What follows them in the same bytes must never become a request of its own.
"""

import asyncio

import pytest

from tests.support.proxied import elapsed_since, proxied, soon
from tests.support.raw import ask, connected, get
from tests.support.steps import OK, message, send

NEXT = get("/api/smuggled")
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
START = b"POST /api/x HTTP/1.1\r\nHost: a.test\r\n"

LENGTHS = [b"-5", b"5,5", b"5, 5", b"0x5", b"5.0", b"5e0", b"", b'"5"', b"5;a", b"5 5", b"5_0"]
LENGTHS += [b"\x0b5", b"5\x0c", b"5\0", b"\xb25", b"\xd9\xa5", b"-0", b"18446744073709551621"]
LENGTHS += [b"5\r\n 0", b"5\r", b"5\r\nContent-Length: 05", b"5\r\nContent-Length: 5"]

CODINGS = [b"chunked, chunked", b"chunked, identity", b"identity", b"gzip", b'"chunked"', b""]
CODINGS += [b"chunked;q=1", b"\x0bchunked", b"chunked\x0b", b"chunked,", b"chu\0nked", b"chun ked"]
CODINGS += [b"\xffchunked", b"chunked\xa0", b"\r\n chunked", b"chunked\r\n ", b"chunkedx"]
CODINGS += [b"chunked\r\nTransfer-Encoding: chunked"]
CODINGS += [b"chunked\r\nContent-Length: 0", b"chunked\r\nContent-Length: 5"]

CHUNKS = {
    "no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "empty size": b"\r\nhello\r\n0\r\n\r\n",
    "negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "signed size": b"+5\r\nhello\r\n0\r\n\r\n",
    "prefixed size": b"0x5\r\nhello\r\n0\r\n\r\n",
    "blank before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "blank after the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "size beyond 64 bits": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "bare line feed after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare return after the size": b"5\rhello\r\n0\r\n\r\n",
    "line feed in an extension": b"5;a\nhello\r\n0\r\n\r\n",
    "line feed in a quoted extension": b'5;a="x\ny"\r\nhello\r\n0\r\n\r\n',
    "open quote in an extension": b'5;a="\r\nhello\r\n0\r\n\r\n',
    "no line end after a chunk": b"5\r\nhello0\r\n\r\n",
    "other bytes for a line end": b"5\r\nhelloXX0\r\n\r\n",
    "bare line feed after a chunk": b"5\r\nhello\n0\r\n\r\n",
    "bare line feed at the end": b"5\r\nhello\r\n0\r\n\n",
    "request in the trailers": b"5\r\nhello\r\n0\r\nGET /api/y HTTP/1.1\r\n\r\n",
    "length in the trailers": b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    "coding in the trailers": b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
}

AMBIGUOUS = {
    **{f"length {value!r}": b"Content-Length: " + value for value in LENGTHS},
    **{f"coding {value!r}": b"Transfer-Encoding: " + value for value in CODINGS},
    "tab before the colon": b"Transfer-Encoding\t: chunked",
    "coding behind a bare return": b"X-A: a\rTransfer-Encoding: chunked",
    "coding behind a bare line feed": b"X-A: a\nTransfer-Encoding: chunked",
    "no name": b": chunked",
    "NUL in a name": b"Transfer-Encoding\0: chunked",
}


@pytest.mark.parametrize("fields", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_ambiguous_framing_is_refused_with_all_that_follows(fields):
    await refused(START + fields + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + NEXT)


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
async def test_ambiguous_chunks_are_refused_with_all_that_follows(chunks):
    await refused(START + CHUNKED + chunks + NEXT)


async def test_coding_that_is_not_known_is_refused_with_all_that_follows():
    codings = b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = START + codings + b"5\r\nhello\r\n0\r\n\r\n" + NEXT
    await refused(data, 501, "unsupported_framing")


async def refused(data, status=400, code="bad_request"):
    """It is answered with one error, and the connection ends."""
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(data)
        answer = await client.response()
        assert (answer.status, answer.error) == (status, code)
        assert answer.value("content-type") == "application/json"
        assert await client.rest() == b""
        assert not origin.connections


LATE = [name for name in CHUNKS if "trailers" not in name]


@pytest.mark.parametrize("name", LATE)
async def test_chunk_that_proves_broken_while_the_upload_runs_ends_it_at_once(name):
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(START + CHUNKED + b"3\r\nabc\r\n")
        await soon(lambda: origin.requests != [] and origin.requests[0].size == 3)
        start = asyncio.get_running_loop().time()
        await client.send(CHUNKS[name] + NEXT)
        answer = await client.response()
        assert (answer.status, answer.error) == (400, "bad_body")
        assert await client.rest() == b""
        await asyncio.wait_for(origin.connections[0].ended.wait(), 1)
        assert elapsed_since(start) < 1
        assert not origin.requests[0].complete.is_set()
        assert len(origin.requests) == 1


async def test_chunk_that_proves_broken_after_an_early_answer_ends_the_connection():
    early = (send(message(b"early")),)
    async with proxied(early) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(START + CHUNKED + b"3\r\nabc\r\n")
        assert (await client.response()).body == b"early"
        await client.send(b"zz\r\n" + NEXT)
        assert await client.rest() == b""
        assert len(origin.requests) == 1


@pytest.mark.parametrize("cut", ["5\r\nhe", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n"])
async def test_upload_that_ends_early_never_completes_at_the_upstream(cut):
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(START + CHUNKED)
        await soon(lambda: bool(origin.requests))
        await client.send(cut.encode())
        client.writer.write_eof()
        await client.rest()
        await soon(origin.connections[0].ended.is_set)
        assert not origin.requests[0].complete.is_set()
        assert (await ask(sidecar.proxy, get())).status == 200


async def test_what_follows_a_refused_target_is_framed_as_announced():
    inner = get("/api/smuggled")
    data = b"POST /nowhere HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(inner)
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(data + inner + get("/api/after"))
        assert (await client.response()).error == "no_upstream"
        assert (await client.response()).status == 200
        assert [request.target for request in origin.requests] == [b"/after"]
