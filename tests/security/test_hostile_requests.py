"""Bytes of a hostile client: refused, or passed on with the meaning that they have here.

Behind each stands another request. What is refused takes it along; what passes leaves it as it is.
Never does one become two, and never does the upstream see other bytes than were meant.
Ambiguous lengths, codings and chunks are in tests/integration/test_smuggling.py, other protocols in
test_odd_requests.py beside it.
"""

import asyncio
from contextlib import suppress

import pytest

from tests.support.proxied import proxied, soon
from tests.support.raw import ask, connected, get
from tests.support.steps import OK

HOST = b"Host: a.test\r\n"
GET = b"GET /api/x HTTP/1.1\r\n" + HOST
POST = b"POST /api/x HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
NEXT = get("/api/next")


def target(value):
    return b"GET " + value + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def field(value):
    return GET + value + b"\r\n\r\n"


def host(value):
    return b"GET /api/x HTTP/1.1\r\nHost:" + value + b"\r\n\r\n"


REFUSED = {
    "no host": b"GET /api/x HTTP/1.1\r\n\r\n",
    "no host, but others": b"GET /api/x HTTP/1.1\r\nX-Host: a.test\r\nHosts: a\r\n\r\n",
    "two hosts": field(b"Host: a.test"),
    "two hosts that differ": field(b"host: b.test"),
    "length, then coding": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    + HELLO,
    "coding of HTTP/1.0": b"POST /api/x HTTP/1.0\r\n"
    + HOST
    + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    + HELLO,
    "length and coding of HTTP/1.0": b"POST /api/x HTTP/1.0\r\n"
    + HOST
    + b"Connection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    + HELLO,
    "folded field": GET + b"X-A: a\r\n b\r\n\r\n",
    "field folded by a tab": GET + b"X-A: a\r\n\tb\r\n\r\n",
    "folded host": b"GET /api/x HTTP/1.1\r\nHost:\r\n a.test\r\n\r\n",
    "blank before the first field": b"GET /api/x HTTP/1.1\r\n X-A: 1\r\n" + HOST + b"\r\n",
    "line feeds only": b"GET /api/x HTTP/1.1\nHost: a.test\n\n",
    "line feed behind the first line": b"GET /api/x HTTP/1.1\n" + HOST + b"\r\n",
    "line feed behind a field": b"GET /api/x HTTP/1.1\r\nHost: a.test\n\r\n",
    "line feed at the end": b"GET /api/x HTTP/1.1\r\n" + HOST + b"\n",
    "returns only": b"GET /api/x HTTP/1.1\rHost: a.test\r\r",
    "return in a value": field(b"X-A: a\rb"),
    "return at the end of a value": GET + b"X-A: a\r\r\n\r\n",
    "no colon": field(b"nonsense"),
    "blank before the colon": field(b"X-A : 1"),
    "blank in a name": field(b"X A: 1"),
    "empty name": field(b": 1"),
    "letter beyond ASCII in a name": field(b"X-\xe9: 1"),
    "blank before the method": b" " + GET + b"\r\n",
    "tabs between the words": b"GET\t/api/x\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "blank behind the version": b"GET /api/x HTTP/1.1 \r\n" + HOST + b"\r\n",
    "blank in the target": target(b"/api/x y"),
    "tab in the target": target(b"/api/\tx"),
    "NUL in the target": target(b"/api/\0x"),
    "control in the target": target(b"/api/\x1fx"),
    "delete in the target": target(b"/api/\x7fx"),
    "bytes that are not UTF-8": target(b"/api/\xff\xe9"),
    "backslash for a slash": target(b"\\api\\x"),
    "relative target": target(b"api/x"),
    "empty target": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /api/x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.2": b"GET /api/x HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/1.10": b"GET /api/x HTTP/1.10\r\n" + HOST + b"\r\n",
    "HTTP/01.1": b"GET /api/x HTTP/01.1\r\n" + HOST + b"\r\n",
    "lower-case method": b"get /api/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown method": b"SMUGGLE /api/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n",
    "CONNECT to a path": b"CONNECT /api/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "no line end behind a quoted extension": CHUNKED + b'5;a="x\r\n y"\r\nhello\r\n0\r\n\r\n',
    "underscore in a size": CHUNKED + b"0_5\r\nhello\r\n0\r\n\r\n",
    "host in the trailers, folded": CHUNKED + b"5\r\nhello\r\n0\r\nX-A: a\r\n b\r\n\r\n",
    "ten thousand fields": GET + b"X-A: 1\r\n" * 10_000 + b"\r\n",
    "endless line": b"GET /api/" + b"a" * 300_000,
    **{
        f"control {value:#04x} in a value": field(b"X-A: a" + bytes([value]) + b"b")
        for value in (*range(9), *range(11, 13), *range(14, 32), 127)
    },
    **{
        f"control {value:#04x} in a name": field(b"X" + bytes([value]) + b"A: b")
        for value in (0, 1, 9, 11, 31, 127, 128, 255)
    },
    **{
        f"host {value!r}": host(value)
        for value in (
            *(b" a b", b" a/b", b" a?b", b" a#b", b" a\\b", b" u@a", b" u:p@a", b" http://a"),
            *(b" [::1", b" [::1]x", b" a:80:80", b" a:x", b" \xff", b" a\tb", b" a%zz", b" a\0b"),
        )
    },
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
async def test_what_is_not_valid_is_refused_with_all_that_follows(data):
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(data + NEXT)
        received = await client.rest()
        assert not origin.connections
    assert received.count(b"HTTP/1.1 ") == 1
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] in {b"400", b"501", b"505"}
    assert b"connection: close" in head.lower()
    assert body.startswith(b"{")


PASSED = {
    "HTTP/1.0 without a host": (
        b"GET /api/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /x HTTP/1.1",
        b"",
    ),
    "coding in capitals": (
        POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + HELLO,
        b"POST /x HTTP/1.1",
        b"hello",
    ),
    "coding behind a tab": (
        POST + b"Transfer-Encoding:\tchunked\r\n\r\n" + HELLO,
        b"POST /x HTTP/1.1",
        b"hello",
    ),
    "extension": (CHUNKED + b"5;a=b\r\nhello\r\n0;c\r\n\r\n", b"POST /x HTTP/1.1", b"hello"),
    "zeros before a size": (
        CHUNKED + b"0" * 20 + b"5\r\nhello\r\n0\r\n\r\n",
        b"POST /x HTTP/1.1",
        b"hello",
    ),
    "empty lines before": (b"\r\n\r\n" + GET + b"\r\n", b"GET /x HTTP/1.1", b""),
    "GET with a body": (GET + b"Content-Length: 5\r\n\r\nhello", b"GET /x HTTP/1.1", b"hello"),
    "GET with chunks": (
        GET + b"Transfer-Encoding: chunked\r\n\r\n" + HELLO,
        b"GET /x HTTP/1.1",
        b"hello",
    ),
    "body like a request": (
        POST + b"Content-Length: %d\r\n\r\n" % len(NEXT) + NEXT,
        b"POST /x HTTP/1.1",
        NEXT,
    ),
    "offer of HTTP/2": (
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
        b"GET /x HTTP/1.1",
        b"",
    ),
    "dots stay in the upstream": (target(b"/api/../other/x"), b"GET /../other/x HTTP/1.1", b""),
    "coded dots stay in it": (
        target(b"/api/%2e%2e/%2e%2e%2fother"),
        b"GET /%2e%2e/%2e%2e%2fother HTTP/1.1",
        b"",
    ),
    "authority in a path": (target(b"/api//evil.test/x"), b"GET //evil.test/x HTTP/1.1", b""),
    "URL in a path": (target(b"/api/http://evil.test"), b"GET /http://evil.test HTTP/1.1", b""),
    "double coding": (target(b"/api/%252e%252e/x"), b"GET /%252e%252e/x HTTP/1.1", b""),
    "parameters of a segment": (target(b"/api/..;/x;a=b"), b"GET /..;/x;a=b HTTP/1.1", b""),
}


@pytest.mark.parametrize("name", PASSED)
async def test_what_is_valid_is_one_request_with_one_meaning(name):
    data, line, content = PASSED[name]
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(data + NEXT)
        assert [(await client.response()).status for _ in range(2)] == [200, 200]
        first, second = origin.requests
        assert (first.line, bytes(first.body)) == (line, content)
        assert (second.line, bytes(second.body)) == (b"GET /next HTTP/1.1", b"")
        named = {each.lower() for each, _ in first.headers}
        assert not named & {b"upgrade", b"connection", b"http2-settings", b"trailer"}


ELSEWHERE = [
    *(
        b"/apiX/x",
        b"/ap/x",
        b"/API/x",
        b"/api%2fx",
        b"/api%2Fx",
        b"/%61pi/x",
        b"/api\\x",
        b"/api;/x",
    ),
    *(b"/api@evil.test/x", b"/api:80/x", b"//api/x", b"/../api/x", b"/./api/x", b"/%2e%2e/api/x"),
    *(b"/api.evil.test/x", b"/api&/x", b"/", b"/?/api/x", b"/_sidecar/x", b"/api%00/x"),
]


@pytest.mark.parametrize("value", ELSEWHERE)
async def test_what_only_looks_like_the_name_of_an_upstream_is_none(value):
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, target(value))
        assert (answer.status, answer.error) in {(404, "no_upstream"), (404, "reserved_path")}
        assert not origin.connections


FORMS = {
    "absolute": (b"http://evil.test/api/x", "absolute_form"),
    "absolute, own host": (b"http://a.test/api/x", "absolute_form"),
    "absolute, with a user": (b"http://user:pass@a.test/api/x", "absolute_form"),
    "asterisk": (b"*", "bad_target"),
    "fragment": (b"/api/x#/../y", "bad_target"),
    "fragment in the query": (b"/api/x?a=1#b", "bad_target"),
    "fragment alone": (b"/api#x", "bad_target"),
}


@pytest.mark.parametrize("form", FORMS)
async def test_other_forms_of_a_target_reach_nothing(form):
    value, code = FORMS[form]
    method = b"OPTIONS " if form == "asterisk" else b"GET "
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, method + value + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (answer.status, answer.error) == (400, code)
        assert b"pass" not in answer.body
        assert not origin.connections


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
