import asyncio
import json
import time

import aiohttp
import pytest

from sidecar.config import Address
from sidecar.listening import Listening, Wanted
from sidecar.ops import LIMITS, Ops, Status, UpstreamStatus
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pool_stats import PoolStats

POOL = PoolStats(dials=3, reused=7, open=2, idle=1)
UPSTREAM = UpstreamStatus(url="https://db.test", inflight=1, pool=POOL)


class Served:
    """The ops listener on a port of its own, with a state that the test sets."""

    state = "ready"
    origin = ""
    port = 0

    def status(self):
        return Status("1.2.3", self.state, 12.5, ("127.0.0.1:8080",), {"supabase": UPSTREAM})


@pytest.fixture
async def ops():
    made = Served()
    metrics = Metrics("1.2.3")
    metrics.bind("supabase", "users")
    wanted = Wanted("ops", Address("127.0.0.1", 0), None, secure=False)
    made.listening = Listening(wanted, Ops(made.status, metrics), LIMITS)
    made.listening.bind(None)
    await made.listening.accept()
    made.port = made.listening.address.port
    made.origin = f"http://127.0.0.1:{made.port}"
    yield made
    await made.listening.close()


@pytest.fixture
async def http(ops):
    async with aiohttp.ClientSession(ops.origin) as session:
        yield session


@pytest.mark.parametrize(
    ("state", "live", "ready"),
    [("starting", 200, 503), ("ready", 200, 200), ("draining", 200, 503)],
)
async def test_ready_follows_the_state_and_live_does_not(ops, http, state, live, ready):
    ops.state = state
    async with http.get("/health/live") as answer:
        assert answer.status == live
    async with http.get("/health/ready") as answer:
        assert (answer.status, await answer.json()) == (ready, {"status": state})


async def test_an_upstream_that_fails_does_not_make_the_sidecar_unready(http):
    POOL.fail("connect_error")
    async with http.get("/health/ready") as answer:
        assert answer.status == 200


async def test_health_shows_people_every_upstream_and_its_pool(http):
    async with http.get("/health") as answer:
        body = await answer.text()
        assert answer.headers["Cache-Control"] == "no-store"
        assert "aiohttp" not in answer.headers["Server"]
    assert body.startswith("{\n  ")
    shown = json.loads(body)
    assert (shown["version"], shown["state"], shown["uptime"]) == ("1.2.3", "ready", 12.5)
    assert shown["upstreams"]["supabase"]["url"] == "https://db.test"
    assert shown["upstreams"]["supabase"]["pool"]["reused"] == 7


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("text/html", "text/plain"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text"),
    ],
)
async def test_metrics_come_in_the_format_that_is_asked_for(http, accept, kind):
    async with http.get("/metrics", headers={"Accept": accept} if accept else {}) as answer:
        assert answer.status == 200
        assert answer.content_type == kind
        assert 'sidecar_build_info{version="1.2.3"} 1.0' in await answer.text()


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
async def test_nothing_can_be_changed_through_it(http, path):
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        async with http.request(method, path, data=b"x") as answer:
            assert answer.status == 405
            assert answer.headers["Allow"] == "GET,HEAD"
            assert await answer.json() == {"error": "method not allowed"}
    async with http.head(path) as answer:
        assert answer.status == 200


async def test_an_unknown_path_is_a_json_404(http):
    async with http.get("/admin") as answer:
        assert (answer.status, await answer.json()) == (404, {"error": "not found"})


async def test_what_is_no_request_is_told_so_and_ends_its_connection(ops):
    for sent in (b"GET / SMTP\r\n\r\n", b"GET /health HTTP/1.1\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", ops.port)
        writer.write(sent)
        head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"\r\nConnection: close" in head
        assert json.loads(body).keys() == {"error"}
        writer.close()
        await writer.wait_closed()


async def test_a_page_that_fails_is_a_500_and_the_log_says_why(ops, http, caplog):
    ops.state = property  # nothing that JSON has a word for
    async with http.get("/health") as answer:
        assert (answer.status, answer.reason) == (500, "Internal Server Error")
        assert "error" in await answer.json(content_type=None)
    assert "an exchange failed inside the sidecar" in caplog.text


async def test_one_connection_is_asked_again_and_again(ops):
    reader, writer = await asyncio.open_connection("127.0.0.1", ops.port)
    for path in (b"/health/live", b"/nowhere", b"/health/ready?x=1", b"http://a/health"):
        writer.write(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert head.startswith(b"HTTP/1.1 404 " if path == b"/nowhere" else b"HTTP/1.1 200 ")
        fields = dict(line.split(b": ", 1) for line in head.splitlines()[1:-1])
        assert fields[b"Date"].endswith(b" GMT")
        await reader.readexactly(int(fields[b"Content-Length"]))
    writer.close()
    await writer.wait_closed()


async def test_many_scrapes_at_once_are_all_answered(http):
    async def scrape():
        async with http.get("/metrics") as answer:
            return answer.status

    assert await asyncio.gather(*(scrape() for _ in range(20))) == [200] * 20


async def test_it_stops_at_once_whatever_its_clients_do(ops):
    idle = await asyncio.open_connection("127.0.0.1", ops.port)
    half = await asyncio.open_connection("127.0.0.1", ops.port)
    half[1].write(b"GET /health HTTP/1.1\r\nHost: a\r\n")
    kept = await asyncio.open_connection("127.0.0.1", ops.port)
    kept[1].write(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
    await kept[0].readuntil(b"live")
    began = time.monotonic()
    await ops.listening.close()
    assert time.monotonic() - began < 2
    for _, writer in (idle, half, kept):
        writer.close()
        await writer.wait_closed()
