"""Bodies keep their framing in both directions, and connections outlive their messages."""

import asyncio
from contextlib import suppress

import pytest

from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.steps import OK, body, close, message, reply, send
from tests.support.wire import chunked

CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize("blanks", [" ", "\t", " \t "])
async def test_blanks_behind_a_length_are_no_part_of_it(blanks):
    data = call("POST", "/api/x", f"Content-Length: 2{blanks}") + b"ok" + get()
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(data)
        assert [(await client.response()).status for _ in range(2)] == [200, 200]
        assert [bytes(request.body) for request in origin.requests] == [b"ok", b""]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_request_of_known_length_stays_so(method):
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, call(method, content=b'{"prefixes":["a"]}'))
        (request,) = origin.requests
        assert (answer.status, bytes(request.body)) == (200, b'{"prefixes":["a"]}')
        assert request.values(b"content-length") == [b"18"]
        assert request.values(b"transfer-encoding") == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_chunked_request_stays_chunked(method):
    async with proxied(OK) as (sidecar, origin):
        await ask(sidecar.proxy, call(method, "/api/x", CHUNKED) + chunked(b"ab", b"cde"))
        (request,) = origin.requests
        assert bytes(request.body) == b"abcde"
        assert request.values(b"content-length") == []
        assert request.values(b"transfer-encoding") == [b"chunked"]


async def test_empty_chunked_request_stays_chunked():
    async with proxied(OK) as (sidecar, origin):
        await ask(sidecar.proxy, call("POST", "/api/x", CHUNKED) + chunked())
        assert origin.requests[0].values(b"transfer-encoding") == [b"chunked"]
        assert origin.requests[0].complete.is_set()


async def test_chunked_response_stays_chunked():
    data = message(b"", b"Transfer-Encoding: chunked", framed=False) + chunked(b"ab", b"cde")
    async with proxied((body, send(data))) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert (answer.body, answer.end) == (b"abcde", "framed")
        assert answer.headers == [(b"Transfer-Encoding", b"chunked")]


async def test_body_until_close_is_delivered_whole():
    script = (body, send(message(b"until close", framed=False)), close)
    async with proxied(script) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert (answer.body, answer.end) == (b"until close", "framed")
        assert answer.headers == [(b"Transfer-Encoding", b"chunked")]


async def test_empty_response_of_known_length_is_complete():
    async with proxied(reply(b"")) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert answer.headers == [(b"Content-Length", b"0")]


@pytest.mark.parametrize(
    ("method", "head", "expected"),
    [
        ("HEAD", b"200 OK\r\nContent-Length: 123", [(b"Content-Length", b"123")]),
        ("HEAD", b"206 P\r\nContent-Range: 0-9/42", [(b"Content-Range", b"0-9/42")]),
        ("HEAD", b"404 N\r\nContent-Length: 5", [(b"Content-Length", b"5")]),
        ("GET", b"204 No Content\r\nX-A: 1", [(b"X-A", b"1")]),
        ("POST", b"204 No Content", []),
        ("GET", b'304 N\r\nETag: "x"', [(b"ETag", b'"x"')]),
        ("GET", b"304 N\r\nContent-Length: 9", [(b"Content-Length", b"9")]),
    ],
)
async def test_messages_without_a_body_stay_so_and_keep_both_connections(method, head, expected):
    bodyless = (body, send(b"HTTP/1.1 " + head + b"\r\n\r\n"))
    async with proxied(bodyless, OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        content = b"{}" if method == "POST" else None
        await client.send(call(method, content=content))
        answer = await client.response(bodyless=True)
        assert answer.headers == expected
        await client.send(get())
        assert (await client.response()).body == b"ok"
        assert len(origin.connections) == 1


async def test_head_of_a_chunked_resource_has_no_body():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with (
        proxied((body, send(head)), OK) as (sidecar, origin),
        connected(sidecar.proxy) as client,
    ):
        await client.send(call("HEAD"))
        assert (await client.response(bodyless=True)).status == 200
        await client.send(get())
        assert (await client.response()).body == b"ok"
        assert len(origin.connections) == 1


async def test_expectation_is_answered_here_and_not_forwarded():
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        head = call("POST", "/api/x", "Expect: 100-continue", "Content-Length: 5")
        await client.send(head)
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"12345")
        assert (await client.response()).body == b"ok"
        assert bytes(origin.requests[0].body) == b"12345"
        assert origin.requests[0].values(b"expect") == []


async def test_expectation_of_a_refused_request_is_not_encouraged():
    async with proxied(OK) as (sidecar, _), connected(sidecar.proxy) as client:
        await client.send(call("POST", "/nowhere", "Expect: 100-continue", "Content-Length: 5"))
        answer = await client.response()
        assert (answer.status, answer.interim) == (404, [])


@pytest.mark.parametrize("interim", [b"103 Early Hints\r\nLink: </a>", b"100 Continue", b"102 P"])
async def test_interim_responses_are_swallowed(interim):
    script = (body, send(b"HTTP/1.1 " + interim + b"\r\n\r\n" + message(b"final")))
    async with proxied(script) as (sidecar, origin):
        for _ in range(2):
            answer = await ask(sidecar.proxy, get())
            assert (answer.interim, answer.status, answer.body) == ([], 200, b"final")
            assert answer.headers == [(b"Content-Length", b"5")]
        assert len(origin.connections) == 1


async def test_http_1_0_client_gets_a_plain_body_and_a_close():
    data = message(b"", b"Transfer-Encoding: chunked", framed=False) + chunked(b"ab", b"cde")
    async with proxied((body, send(data))) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(b"GET /api/x HTTP/1.0\r\nHost: a.test\r\n\r\n")
            answer = await client.response()
        assert (answer.body, answer.end) == (b"abcde", "eof")
        assert answer.values("transfer-encoding") == []
        assert origin.requests[0].line == b"GET /x HTTP/1.1"


async def test_http_1_0_upstream_is_understood():
    data = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with proxied((body, send(data), close)) as (sidecar, origin):
        for _ in range(2):
            answer = await ask(sidecar.proxy, get())
            assert (answer.status, answer.body, answer.end) == (200, b"ok", "framed")
            assert answer.head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert len(origin.connections) == 2


async def test_pipelined_requests_are_answered_in_order():
    def choose(request):
        return reply(request.target)

    async with proxied(choose=choose) as (sidecar, _), connected(sidecar.proxy) as client:
        first, second = call("POST", "/api/2", content=b"two"), get("/api/3")
        await client.send(get("/api/1") + first + second)
        answers = [(await client.response()).body for _ in range(3)]
        assert answers == [b"/1", b"/2", b"/3"]


async def test_connection_close_ends_the_clients_connection_only():
    async with proxied(OK) as (sidecar, origin):
        for _ in range(2):
            async with connected(sidecar.proxy) as client:
                await client.send(get("/api/x", "Connection: close"))
                assert (await client.response()).body == b"ok"
                assert await client.rest() == b""
        assert len(origin.connections) == 1
        assert origin.requests[0].values(b"connection") == []


async def test_body_of_an_answered_request_never_becomes_the_next_request():
    """A client that sends its body after an early answer must not have it parsed as a request."""
    hidden = get("/api/hidden") * 2000
    async with proxied((send(message(b"early")),), OK) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            length = f"Content-Length: {len(hidden)}"
            await client.send(call("POST", "/api/x", length))
            assert (await client.response()).body == b"early"
            with suppress(ConnectionError):
                await client.send(hidden)
            await asyncio.sleep(0.1)
        assert [request.target for request in origin.requests] == [b"/x"]
