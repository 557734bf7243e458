"""What is not a valid response is a 502 with a reason, and its connection is closed."""

import asyncio

import pytest

from tests.support.proxied import elapsed_since, proxied, soon
from tests.support.raw import ask, call, get
from tests.support.steps import body, close, message, reply, reset, send

OK = b"HTTP/1.1 200 OK\r\n"

INVALID = {
    "204 with a length": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    "204 with chunks": b"HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "unasked 101": b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "status 99": b"HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok",
    "status 099": b"HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok",
    "status 000": b"HTTP/1.1 000 Zero\r\nContent-Length: 2\r\n\r\nok",
    "status 600": b"HTTP/1.1 600 High\r\nContent-Length: 2\r\n\r\nok",
    "status 999": b"HTTP/1.1 999 High\r\nContent-Length: 2\r\n\r\nok",
    "status 2000": b"HTTP/1.1 2000 Long\r\nContent-Length: 2\r\n\r\nok",
    "status in letters": b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok",
    "negative status": b"HTTP/1.1 -200 OK\r\nContent-Length: 2\r\n\r\nok",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "equal lengths": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "folded field": OK + b"X-A: 1\r\n folded\r\nContent-Length: 2\r\n\r\nok",
    "a list of lengths": OK + b"Content-Length: 2, 3\r\n\r\nok!",
    "length and coding": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "negative length": OK + b"Content-Length: -1\r\n\r\nok",
    "signed length": OK + b"Content-Length: +2\r\n\r\nok",
    "length in hexadecimal": OK + b"Content-Length: 0x2\r\n\r\nok",
    "empty length": OK + b"Content-Length: \r\n\r\nok",
    "endless length": OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nok",
    "unknown coding": OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "NUL in a value": OK + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\nok",
    "NUL in a name": OK + b"X\0A: b\r\nContent-Length: 2\r\n\r\nok",
    "bare CR in a value": OK + b"X-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "bare line feed in the head": OK + b"X-A: 1\nX-B: 2\r\nContent-Length: 2\r\n\r\nok",
    "blank before the colon": OK + b"Content-Length : 2\r\n\r\nok",
    "blank in a name": OK + b"X A: 1\r\nContent-Length: 2\r\n\r\nok",
    "line without a colon": OK + b"nonsense\r\nContent-Length: 2\r\n\r\nok",
    "no name": OK + b": nameless\r\nContent-Length: 2\r\n\r\nok",
    "huge field": OK + b"X-A: " + b"a" * 2_000_000 + b"\r\nContent-Length: 2\r\n\r\nok",
    "endless field": OK + b"X-A: " + b"a" * 2_000_000,
    "endless fields": OK + b"X-A: 1\r\n" * 200_000,
    "endless reason": b"HTTP/1.1 200 " + b"O" * 2_000_000,
    "endless interim responses": b"HTTP/1.1 103 Hints\r\n\r\n" * 100_000,
    "garbage": b"\0\1\2\3\xff\xfe garbage\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "HTTP/2": b"\0\0\x12\x04\0\0\0\0\0\0\3\0\0\0\x64",
    "HTTP/0.9": b"<html>hello</html>\n",
    "version 2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("raw", INVALID.values(), ids=INVALID)
async def test_invalid_response_is_a_bad_gateway(raw):
    async with proxied((body, send(raw)), reply(b"next")) as (sidecar, origin):
        start = asyncio.get_running_loop().time()
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.error) == (502, "bad_response")
        assert elapsed_since(start) < 2
        assert len(origin.requests) == 1
        await soon(origin.connections[0].ended.is_set, within=0.5)
        assert (await ask(sidecar.proxy, get())).body == b"next"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "script",
    [
        (body, close),
        (body, reset),
        (body, send(b"HTTP/1.1 2"), close),
        (body, send(OK + b"X-A: 1"), close),
        (body, send(OK + b"X-A: 1\r\n"), reset),
        (body, send(b"HTTP/1.1 103 Hints\r\n\r\n"), close),
    ],
    ids=["closed", "reset", "cut status", "cut field", "cut head", "interim only"],
)
async def test_missing_response_is_a_bad_gateway_after_one_request(method, script):
    async with proxied(script) as (sidecar, origin):
        content = b"{}" if method in {"POST", "PUT"} else None
        answer = await ask(sidecar.proxy, call(method, content=content))
        assert (answer.status, answer.error) == (502, "upstream_reset")
        assert len(origin.requests) == 1


@pytest.mark.parametrize("name", [b"Transfer_Encoding: chunked", b"Content_Length: 5"])
async def test_aliases_of_framing_fields_do_not_frame_a_response(name):
    async with proxied((body, send(message(b"ok", name)))) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.body, answer.end) == (200, b"ok", "framed")
        assert answer.values("content-length") == [b"2"]
