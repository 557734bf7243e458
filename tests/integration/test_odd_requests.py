"""Requests that are nearly HTTP/1.1: other protocols, impossible hosts, heads without end."""

import asyncio

import pytest

from tests.support.proxied import proxied, soon
from tests.support.raw import ask, call, connected, get
from tests.support.steps import OK
from tests.support.wire import chunked

FIELDS = b"\r\nHost: a.test\r\n\r\n"


@pytest.mark.parametrize("line", [b"GET /api/x", b"GET /api/x HTTP/0.9", b"GET /api/x HTTP/2.0"])
async def test_other_versions_of_http_are_refused_by_name(line):
    await refused(line + FIELDS, 505, "bad_request")


OTHERS = [b"GET /api/x HTTP/1.2", b"GET /api/x HTTP/3.0", b"GET /api/x http/1.1", b"PRI * HTTP/2.0"]
OTHERS += [b"GET /api/x RTSP/1.0", b"GET /api/x RTSP/1.1", b"GET  /api/x  RTSP/1.0"]
OTHERS += [b"OPTIONS /api/x RTSP/1.0", b"DESCRIBE /api/x RTSP/1.0", b"SOURCE /api/x ICE/1.0"]


@pytest.mark.parametrize("line", OTHERS)
async def test_other_protocols_are_refused(line):
    await refused(line + FIELDS, 400, "bad_request")


async def test_other_protocol_is_refused_however_its_line_is_cut():
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        for part in (b"GET /ap", b"i/x RT", b"SP/1.0\r\nHost: ", b"a.test\r\n\r\n"):
            await client.send(part)
            await asyncio.sleep(0.02)
        assert (await client.response()).status == 400
        assert not origin.connections


async def test_other_protocol_behind_a_request_is_refused_with_it():
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(get("/api/x") + b"GET /api/y RTSP/1.0" + FIELDS)
        await client.rest()
        assert all(request.target == b"/x" for request in origin.requests)


async def test_a_body_may_hold_what_looks_like_another_protocol():
    content = b"GET /api/y RTSP/1.0" + FIELDS
    async with proxied(OK) as (sidecar, origin):
        assert (await ask(sidecar.proxy, call("POST", content=content))).status == 200
        data = call("POST", "/api/x", "Transfer-Encoding: chunked") + chunked(content)
        assert (await ask(sidecar.proxy, data)).status == 200
        assert [bytes(request.body) for request in origin.requests] == [content, content]


@pytest.mark.parametrize("host", ["a b", "a/b", "user@a.test", "a:b", "::1", "[::1", "caf\xe9"])
async def test_host_that_is_none_is_refused(host):
    await refused(get("/api/x", host=host), 400, "bad_request")


@pytest.mark.parametrize("host", ["", "a_b.test:80", "[::1]:8080", "a.test \t"])
async def test_host_that_is_one_passes(host):
    async with proxied(OK) as (sidecar, _):
        assert (await ask(sidecar.proxy, get("/api/x", host=host))).status == 200


async def refused(data, status, code):
    async with proxied(OK) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(data)
        answer = await client.response()
        assert (answer.status, answer.error) == (status, code)
        assert await client.rest() == b""
        assert not origin.connections


def head_of(size):
    """A GET whose line and fields are `size` bytes."""
    start = b"GET /api/x HTTP/1.1\r\nHost: a.test\r\n"
    fields = b"".join(b"X-%02d: %b\r\n" % (number, b"a" * 992) for number in range(size // 1000))
    return (start + fields)[: size - 4] + b"\r\n\r\n"


LIMIT = {"max_header_total": 20_000}


@pytest.mark.parametrize("pace", ["at once", "in parts"])
async def test_head_beyond_the_total_is_refused(pace):
    head = head_of(21_000)
    async with proxied(OK, limits=LIMIT) as (sidecar, origin), connected(sidecar.proxy) as client:
        for start in range(0, len(head), 3000 if pace == "in parts" else len(head)):
            await client.send(head[start : start + 3000] if pace == "in parts" else head)
            await asyncio.sleep(0.01)
        answer = await client.response()
        assert (answer.status, answer.error) == (400, "head_too_large")
        assert not origin.connections


async def test_head_that_never_ends_is_refused_at_the_total():
    async with proxied(OK, limits=LIMIT) as (sidecar, _), connected(sidecar.proxy) as client:
        await client.send(b"GET /api/x HTTP/1.1\r\n")
        for number in range(21):
            await client.send(b"X-%d: %b\r\n" % (number, b"a" * 990))
            await asyncio.sleep(0.002)
        assert (await client.response()).error == "head_too_large"


async def test_heads_below_the_total_pass_whatever_surrounds_them():
    """The bound is of one head: not of a body, nor of several requests at once."""
    upload = call("POST", "/api/x", content=b"b" * 50_000)
    async with proxied(OK, limits=LIMIT) as (sidecar, origin), connected(sidecar.proxy) as client:
        await client.send(head_of(19_000) + upload + head_of(19_000) + head_of(19_000)[:9000])
        for _ in range(3):
            assert (await client.response()).status == 200
        await client.send(head_of(19_000)[9000:])
        assert (await client.response()).status == 200
        await soon(lambda: len(origin.requests) == 4)


async def test_fault_of_the_sidecar_is_answered_as_it_is_logged(monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError

    async with proxied(OK, errors="gemini") as (sidecar, _):
        monkeypatch.setattr("sidecar.transport.pool.Pool.at_once", fail)
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.error) == (502, "internal_error")
        metrics = (await ask(sidecar.bound["ops"], get("/metrics"))).body.decode()
    counted = [line for line in metrics.splitlines() if line.startswith("sidecar_exchanges_total{")]
    assert len(counted) == 1
    assert 'code="502"' in counted[0]
    assert [type(line.exc_info[1]) for line in caplog.records if line.exc_info] == [RuntimeError]
