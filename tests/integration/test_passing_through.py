"""What the sidecar does not understand, and need not: it passes as it is, or is left out."""

import gzip

import pytest

from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.steps import OK, body, message, send

ZIPPED = gzip.compress(b'{"a": 1}')
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity", "made-up"])
async def test_encoded_request_body_is_not_decoded(encoding):
    async with proxied(OK) as (sidecar, origin):
        field = f"Content-Encoding: {encoding}"
        answer = await ask(sidecar.proxy, call("POST", "/api/x", field, content=ZIPPED))
        assert answer.status == 200
        assert bytes(origin.requests[0].body) == ZIPPED
        assert origin.requests[0].values(b"content-encoding") == [encoding.encode()]


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"made-up"])
async def test_encoded_response_body_is_not_decoded(encoding):
    script = (body, send(message(ZIPPED, b"Content-Encoding: " + encoding)))
    async with proxied(script) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert answer.body == ZIPPED
        assert answer.values("content-encoding") == [encoding]


async def test_trailers_and_chunk_extensions_are_left_out_of_a_response():
    raw = CHUNKED_HEAD + b'2;a=1\r\nab\r\n1;b="x"\r\nc\r\n0\r\nX-Trailer: 1\r\n\r\n'
    async with proxied((body, send(raw))) as (sidecar, origin):
        for _ in range(2):
            answer = await ask(sidecar.proxy, get())
            assert (answer.body, answer.end) == (b"abc", "framed")
            assert not answer.values("x-trailer")
        assert len(origin.connections) == 1


async def test_trailers_are_left_out_of_a_request():
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        data = b"2;a=1\r\nab\r\n0\r\nX-Trailer: 1\r\n\r\n"
        await client.send(call("POST", "/api/x", "Transfer-Encoding: chunked") + data)
        assert (await client.response()).status == 200
        assert bytes(origin.requests[0].body) == b"ab"
        assert b"X-Trailer" not in origin.connections[0].received


async def test_a_trailer_never_becomes_a_field_of_the_next_request():
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        data = b"2\r\nab\r\n0\r\nX-Leak: 1\r\n\r\n"
        await client.send(call("POST", "/api/x", "Transfer-Encoding: chunked") + data)
        assert (await client.response()).status == 200
        await client.send(get("/api/next"))
        assert (await client.response()).status == 200
        assert [request.target for request in origin.requests] == [b"/x", b"/next"]
        assert b"X-Leak" not in origin.connections[0].received


@pytest.mark.parametrize("protocol", ["h2c", "foo"])
async def test_nothing_behind_an_offer_to_upgrade_is_taken_for_a_request(protocol):
    """The parser stops behind the offer; what follows is still framed as it says."""
    hidden = call("DELETE", "/api/hidden")
    offer = get("/api/a", "Connection: Upgrade", f"Upgrade: {protocol}")
    post = call("POST", "/api/b", f"Content-Length: {len(hidden)}")
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(offer + post)
        assert (await client.response()).status == 200
        await client.send(hidden + get("/api/c"))
        for _ in range(2):
            assert (await client.response()).status == 200
        assert [request.target for request in origin.requests] == [b"/a", b"/b", b"/c"]
        assert bytes(origin.requests[1].body) == hidden


@pytest.mark.parametrize("target", ["/api/admin", "api:443", "/"])
async def test_connect_is_refused_whatever_its_target(target):
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, call("CONNECT", target))
        assert (answer.status, answer.error) == (400, "connect_method")
        assert answer.values("connection") == [b"close"]
        assert not origin.connections


@pytest.mark.parametrize("content", [None, b'{"a": 1}'])
async def test_offer_of_http_2_is_ignored_as_http_1_1_allows(content):
    """Java's own client makes it with every plain request (RFC 9110 §7.8)."""
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA")
    async with proxied(OK) as (sidecar, origin):
        method = "GET" if content is None else "POST"
        answer = await ask(sidecar.proxy, call(method, "/api/x", *offer, content=content))
        assert (answer.status, answer.body) == (200, b"ok")
        request = origin.requests[0]
        assert bytes(request.body) == (content or b"")
        assert not request.values(b"upgrade") + request.values(b"http2-settings")


@pytest.mark.parametrize("method", ["PURGE", "REPORT", "QUERY", "PROPFIND", "TRACE"])
async def test_methods_beyond_the_usual_pass(method):
    async with proxied(OK) as (sidecar, origin):
        assert (await ask(sidecar.proxy, call(method))).status == 200
        assert origin.requests[0].method == method.encode()


@pytest.mark.parametrize(
    "field",
    ["Authorization: Bearer SECRET" + "s" * 70_000, "X-A: 1\r\n" * 400 + "X-B: SECRET"],
    ids=["a long field", "many fields"],
)
async def test_head_beyond_the_limits_is_refused_without_repeating_it(field):
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get("/api/x", field))
        assert (answer.status, answer.error) == (400, "head_too_large")
        assert answer.value("content-type") == "application/json"
        assert b"SECRET" not in answer.head + answer.body
        assert not origin.connections


async def test_target_beyond_the_limit_is_refused_without_repeating_it():
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get("/api/x?apikey=SECRET" + "s" * 70_000))
        assert (answer.status, answer.error) == (400, "head_too_large")
        assert b"SECRET" not in answer.head + answer.body
        assert not origin.connections


@pytest.mark.parametrize(
    "raw", [b"\0\1\2garbage\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0", b"GET\r\n\r\n"]
)
async def test_bytes_that_are_no_request_are_answered_and_closed(raw):
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(raw)
        rest = await client.rest()
        assert rest.startswith(b"HTTP/1.1 400 ")
        assert b"X-Sidecar-Error: bad_request" in rest
        assert not origin.connections
