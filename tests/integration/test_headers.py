"""Header fields travel unchanged both ways, and nothing is added."""

import pytest

from tests.support.proxied import proxied
from tests.support.raw import ask, call, get
from tests.support.steps import OK, body, message, send

LATIN = b"caf\xe9"
UTF8 = "café ☕".encode()


async def test_request_fields_keep_order_case_duplicates_and_bytes():
    sent = [
        (b"Accept", b"*/*"),
        (b"x-dup", b"1"),
        (b"X-Client-Info", b"supabase-py/2"),
        (b"X-Dup", b"2"),
        (b"file_offset", b"0"),
        (b"X-Client-Info", b"supabase-py/2"),
        (b"X-Latin", LATIN),
        (b"X-UTF8", UTF8),
        (b"X-Empty", b""),
        (b"X-Tab", b"a\tb"),
        (b"Cookie", b"a=1; __cf_bm=x"),
        (b"cookie", b"b=2"),
        (b"Authorization", b"Bearer " + b"t" * 8000),
        (b"X-Forwarded-For", b"10.0.0.1"),
        (b"Via", b"1.1 other"),
        (b"Range", b"0-9"),
        (b"accept-encoding", b"br;q=0"),
        (b"X-Last", b"!#$%&'*+-.^_`|~:;=?@()[]{}"),
    ]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in sent)
    async with proxied(OK) as (sidecar, origin):
        request = b"GET /api/x HTTP/1.1\r\nHost: sidecar.test\r\n" + lines + b"\r\n"
        assert (await ask(sidecar.proxy, request)).status == 200
        assert origin.requests[0].line == b"GET /x HTTP/1.1"
        assert origin.requests[0].headers == [(b"Host", origin.host), *sent]


@pytest.mark.parametrize(
    ("data", "extra"),
    [
        (get("/api/x"), []),
        (call("HEAD"), []),
        (call("DELETE"), []),
        (call("OPTIONS"), []),
        (call("POST", content=b"{}"), [(b"Content-Length", b"2")]),
        (call("POST", content=b""), [(b"Content-Length", b"0")]),
    ],
    ids=lambda value: value[:5].decode() if isinstance(value, bytes) else None,
)
async def test_nothing_is_added_to_a_request(data, extra):
    async with proxied(OK) as (sidecar, origin):
        await ask(sidecar.proxy, data)
        assert origin.requests[0].headers == [(b"Host", origin.host), *extra]


async def test_host_is_rewritten_wherever_it_stands():
    async with proxied(OK) as (sidecar, origin):
        data = b"GET /api/x HTTP/1.1\r\nX-A: 1\r\nhost: sidecar.test\r\nX-B: 2\r\n\r\n"
        await ask(sidecar.proxy, data)
        headers = origin.requests[0].headers
        assert origin.requests[0].values(b"host") == [origin.host]
        assert [name for name, _ in headers if name.lower() != b"host"] == [b"X-A", b"X-B"]


async def test_hop_by_hop_and_nominated_request_fields_are_removed():
    hops = (
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "x-hop: 2",
        "connection: X-Other",
        "X-Other: 3",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic x",
        "TE: trailers",
        "Trailer: X-T",
        "Transfer_Encoding: chunked",
        "Content_Length: 5",
        "X-Kept: 1",
    )
    async with proxied(OK) as (sidecar, origin):
        await ask(sidecar.proxy, get("/api/x", *hops))
        assert origin.requests[0].headers == [(b"Host", origin.host), (b"X-Kept", b"1")]


async def test_connection_cannot_nominate_framing_or_host():
    nominating = "Connection: content-length, host, close"
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, call("POST", "/api/x", nominating, content=b"abc"))
        assert answer.status == 200
        assert bytes(origin.requests[0].body) == b"abc"
        assert origin.requests[0].values(b"host") == [origin.host]


async def test_response_head_is_the_upstreams_own():
    fields = [
        (b"x-dup", b"1"),
        (b"Set-Cookie", b"a=1; Path=/"),
        (b"X-Dup", b"2"),
        (b"set-cookie", b"b=2"),
        (b"ETag", b'W/"x"'),
        (b"X-Latin", LATIN),
        (b"X-UTF8", UTF8),
        (b"X-Empty", b""),
        (b"x_under", b"1"),
        (b"Location", b"http://elsewhere.test/a%2Fb"),
        (b"content-ENCODING", b"gzip"),
    ]
    lines = [name + b": " + value for name, value in fields]
    script = (body, send(message(b"not gzip", *lines, status=b"201 Made It")))
    async with proxied(script) as (sidecar, _):
        answer = await ask(sidecar.proxy, get("/api/x"))
        assert (answer.status, answer.reason) == (201, b"Made It")
        assert answer.headers == [*fields, (b"Content-Length", b"8")]
        assert answer.body == b"not gzip"


async def test_redirects_and_cookies_are_left_to_the_client():
    moved = message(b"", b"Location: /other", b"Set-Cookie: s=1", status=b"302 Found")
    async with proxied((body, send(moved))) as (sidecar, origin):
        assert (await ask(sidecar.proxy, get("/api/a"))).status == 302
        await ask(sidecar.proxy, get("/api/b"))
        assert [request.target for request in origin.requests] == [b"/a", b"/b"]
        assert origin.requests[1].values(b"cookie") == []


async def test_hop_by_hop_and_nominated_response_fields_are_removed():
    hops = (
        b"Connection: keep-alive, X-Hop",
        b"X-Hop: 1",
        b"Keep-Alive: timeout=5",
        b"Proxy-Connection: keep-alive",
        b"Proxy-Authenticate: Basic",
        b"Trailer: X-T",
        b"Upgrade: h2c",
        b"X-Kept: 1",
    )
    async with proxied((body, send(message(b"ok", *hops)))) as (sidecar, _):
        answer = await ask(sidecar.proxy, get("/api/x"))
        assert answer.headers == [(b"X-Kept", b"1"), (b"Content-Length", b"2")]


async def test_empty_reason_phrase_and_unknown_status_pass():
    async with proxied((body, send(message(b"ok", status=b"299 ")))) as (sidecar, _):
        answer = await ask(sidecar.proxy, get("/api/x"))
        assert (answer.status, answer.reason, answer.body) == (299, b"", b"ok")


async def test_large_fields_pass_both_ways():
    large = b"v" * 30_000
    script = (body, send(message(b"ok", b"X-Large: " + large)))
    async with proxied(script) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get("/api/x", "X-Large: " + large.decode()))
        assert answer.values("x-large") == [large]
        assert origin.requests[0].values(b"x-large") == [large]
