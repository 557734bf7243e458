"""Every timer expires under its own name, in time."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from sidecar.config import Retry
from tests.support.builders import one_upstream
from tests.support.proxied import elapsed_since, proxied, soon
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, body, deaf, message, send, stall, trickle, wait
from tests.support.upstream import Upstream
from tests.support.wire import chunked

SHORT = 0.25
"""The timer under test; all others are much longer."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
DRIP = trickle(b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 1000, every=0.02)


@asynccontextmanager
async def in_time(at_least=SHORT * 0.8, at_most=SHORT + 1.0):
    """What happens here takes about one SHORT."""
    start = asyncio.get_running_loop().time()
    yield
    assert at_least <= elapsed_since(start) <= at_most


@pytest.mark.parametrize(
    ("script", "timeouts", "code"),
    [
        ((body, stall), {"first_byte": SHORT}, "first_byte_timeout"),
        ((body, send(b"HTTP/1.1 2"), stall), {"first_byte": SHORT}, "header_timeout"),
        ((body, DRIP), {"first_byte": SHORT}, "header_timeout"),
        (
            (body, send(b"HTTP/1.1 103 H\r\n\r\n"), stall),
            {"first_byte": SHORT},
            "header_timeout",
        ),
        ((body, stall), {"total": SHORT}, "total_timeout"),
        ((body, DRIP), {"total": SHORT}, "total_timeout"),
    ],
    ids=["no answer", "part of a head", "head drips", "interim only", "total", "total, drips"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_missing_head_ends_in_its_own_timeout(script, timeouts, code, method):
    async with proxied(script, timeouts=timeouts) as (sidecar, origin):
        async with in_time():
            content = b"{}" if method == "POST" else None
            answer = await ask(sidecar.proxy, call(method, content=content))
        assert (answer.status, answer.error) == (504, code)
        assert len(origin.requests) == 1
        await asyncio.wait_for(origin.connections[0].ended.wait(), 1)


@pytest.mark.parametrize(
    "start",
    [
        HEAD + b"some",
        HEAD,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ab", end=False),
        b"HTTP/1.1 200 OK\r\n\r\nuntil close",
    ],
    ids=["length", "nothing of the body", "chunked", "until close"],
)
async def test_stalled_body_is_cut_off_by_the_idle_timer(start):
    async with proxied((body, send(start), stall), timeouts={"idle": SHORT}) as (sidecar, origin):
        async with in_time():
            answer = await ask(sidecar.proxy, get())
        assert answer.end in {"short", "reset"}
        await asyncio.wait_for(origin.connections[0].ended.wait(), 1)


async def test_slow_but_flowing_body_is_not_cut():
    flowing = trickle(b"x" * 100, every=0.05, size=10)
    timeouts = {"idle": 0.3, "first_byte": 0.3, "total": 0.3}
    async with proxied((body, send(HEAD), flowing), timeouts=timeouts) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert (len(answer.body), answer.end) == (100, "framed")


async def test_total_ends_a_flowing_body_where_it_covers_it():
    flowing = trickle(b"x" * 100, every=0.05, size=1)
    timeouts = {"total": SHORT, "total_covers_body": True}
    script = (body, send(HEAD), flowing)
    async with proxied(script, timeouts=timeouts) as (sidecar, _), in_time():
        assert (await ask(sidecar.proxy, get())).end in {"short", "reset"}


@pytest.mark.parametrize("framing", ["Content-Length: 50000000", "Transfer-Encoding: chunked"])
async def test_upload_that_is_not_read_ends_in_the_send_timer(framing):
    async def flood(client):
        part = b"u" * 65536
        data = chunked(part, end=False) if "chunked" in framing else part
        for _ in range(700):
            await client.send(data)

    async with proxied((deaf, stall), timeouts={"send": SHORT}) as (sidecar, _):
        async with connected(sidecar.proxy) as client:
            await client.send(call("POST", "/api/x", framing))
            upload = asyncio.create_task(flood(client))
            async with in_time(at_most=SHORT + 1.5):
                answer = await client.response()
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)
        assert (answer.status, answer.error) == (504, "send_timeout")


async def test_slow_upload_does_not_spend_the_first_byte_timer():
    async with (
        proxied(OK, timeouts={"first_byte": 0.2}) as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        await client.send(call("POST", "/api/x", "Content-Length: 6"))
        for _ in range(6):
            await asyncio.sleep(0.1)
            await client.send(b"x")
        assert (await client.response()).status == 200


@pytest.mark.parametrize(
    ("max_wait", "total", "status", "code"),
    [(SHORT, 30.0, 503, "pool_timeout"), (5.0, SHORT, 504, "total_timeout")],
)
async def test_wait_for_a_connection_is_bounded(max_wait, total, status, code):
    pool = {"max_connections": 1, "max_wait": max_wait}
    async with (
        proxied((stall,), pool=pool, timeouts={"total": total}) as (sidecar, origin),
        connected(sidecar.proxy) as busy,
    ):
        await busy.send(get("/api/first"))
        await soon(lambda: origin.requests != [])
        async with in_time():
            answer = await ask(sidecar.proxy, get("/api/second"))
        assert (answer.status, answer.error) == (status, code)
        if code == "pool_timeout":  # `total` ends the first call as well, and frees its place
            assert [request.target for request in origin.requests] == [b"/first"]


async def test_silent_address_ends_in_the_connect_timer():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # a full accept queue answers no SYN
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        subject = one_upstream(f"http://127.0.0.1:{port}", timeouts={"connect": 2 * SHORT})
        async with running_sidecar(subject) as sidecar, in_time(at_most=2 * SHORT + 1.0):
            answer = await ask(sidecar.proxy, get())
        for filler in fillers:
            filler.close()
    assert (answer.status, answer.error) == (503, "connect_timeout")


async def test_silent_handshake_ends_in_the_tls_timer():
    async with Upstream(OK, deaf=True) as origin:
        url = origin.url.replace("http:", "https:")
        subject = one_upstream(url, timeouts={"connect": 2 * SHORT})
        async with running_sidecar(subject) as sidecar, in_time(at_most=2 * SHORT + 1.0):
            answer = await ask(sidecar.proxy, get())
    assert (answer.status, answer.error) == (503, "tls_timeout")


@pytest.mark.parametrize("sent", [b"", b"123"])
async def test_request_body_that_stops_is_named(sent):
    async with proxied(OK, limits={"body_idle": SHORT}) as (sidecar, origin):
        async with connected(sidecar.proxy) as client, in_time():
            await client.send(call("POST", "/api/x", "Content-Length: 10") + sent)
            answer = await client.response()
        assert (answer.status, answer.error) == (408, "request_body_timeout")
        assert not any(request.complete.is_set() for request in origin.requests)


async def test_application_that_does_not_read_is_cut_off():
    large = message(b"x" * 30_000_000)
    async with (
        proxied((body, send(large)), limits={"read_idle": SHORT}) as (sidecar, origin),
        connected(sidecar.proxy) as client,
    ):
        await client.send(get())
        await soon(lambda: origin.requests != [])
        await asyncio.wait_for(origin.connections[0].ended.wait(), 3)
        assert len(await client.rest()) < len(large)


async def test_idle_timer_stands_still_while_the_application_does_not_read():
    large = message(b"x" * 30_000_000)
    async with (
        proxied((body, send(large)), timeouts={"idle": SHORT}) as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        await client.send(get())
        await asyncio.sleep(3 * SHORT)
        answer = await client.response()
        assert (len(answer.body), answer.end) == (30_000_000, "framed")


async def test_late_answer_within_the_timers_is_delivered():
    async with proxied((body, wait(0.3), send(message(b"late")))) as (sidecar, _):
        assert (await ask(sidecar.proxy, get())).body == b"late"


async def test_shorter_deadline_that_the_client_announces_is_adopted():
    async with proxied((body, stall)) as (sidecar, _), in_time():
        answer = await ask(sidecar.proxy, get("/api/x", f"X-Server-Timeout: {SHORT}"))
    assert (answer.status, answer.error) == (504, "total_timeout")


@pytest.mark.parametrize("announced", ["3600", "-1", "0", "nan", "inf", "soon", ""])
async def test_announced_deadline_that_is_longer_or_senseless_is_not(announced):
    async with proxied((body, stall), timeouts={"total": SHORT}) as (sidecar, origin), in_time():
        answer = await ask(sidecar.proxy, get("/api/x", f"X-Server-Timeout: {announced}"))
    assert answer.error == "total_timeout"
    rewritten = b"1" if announced == "3600" else announced.encode()
    assert origin.requests[0].values(b"x-server-timeout") == [rewritten]


async def test_each_attempt_is_told_what_is_left_and_nothing_that_is_meant_for_the_sidecar():
    busy = (body, wait(0.25), send(message(b"", status=b"503 Busy")))
    retry = Retry(attempts=2, base=0.001)
    async with proxied(busy, OK, retry=retry) as (sidecar, origin):
        fields = ("X-Server-Timeout: 5.0", "x-sidecar-Timeout: 2s", "X-Sidecar-Other: 1", "X-A: 1")
        assert (await ask(sidecar.proxy, get("/api/x", *fields))).status == 200
        told = [float(request.values(b"x-server-timeout")[0]) for request in origin.requests]
        assert 1.9 < told[0] <= 2.0
        assert 1.0 < told[1] <= told[0] - 0.2
        for request in origin.requests:
            names = [name for name, _ in request.headers]
            assert names == [b"Host", b"X-Server-Timeout", b"X-A"]


@pytest.mark.parametrize("spoken", ["0.25", "250ms", "0.25s"])
async def test_shorter_deadline_for_the_sidecar_alone_is_adopted(spoken):
    async with proxied((body, stall)) as (sidecar, origin), in_time():
        answer = await ask(sidecar.proxy, get("/api/x", f"X-Sidecar-Timeout: {spoken}"))
    assert (answer.status, answer.error) == (504, "total_timeout")
    assert origin.requests[0].values(b"x-sidecar-timeout") == []
