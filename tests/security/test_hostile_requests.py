"""Bytes of a hostile client: refused, or passed on with the meaning that they have here.

Behind each stands another request. What is refused takes it along; what passes leaves it as it is.
Never does one become two, and never does the upstream see other bytes than were meant.
Ambiguous lengths, codings and chunks are in tests/integration/test_smuggling.py, other protocols in
test_odd_requests.py beside it.
"""

import pytest

from tests.security.raw_requests import CHUNKED, GET, HELLO, HOST, NEXT, POST, field, target
from tests.support.proxied import proxied
from tests.support.raw import connected
from tests.support.steps import OK


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
