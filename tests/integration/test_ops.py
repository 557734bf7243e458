import asyncio
import json
import time

import aiohttp
import pytest
from aiohttp import web

from sidecar.ops import Status, UpstreamStatus, make_ops_app
from sidecar.side_listener import make_runner
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pool_stats import PoolStats

POOL = PoolStats(dials=3, reused=7, open=2, idle=1)
UPSTREAM = UpstreamStatus(url="https://db.test", inflight=1, pool=POOL)


class Ops:
    """The ops listener on a port of its own, with a state that the test sets."""

    state = "ready"
    origin = ""

    def status(self):
        return Status("1.2.3", self.state, 12.5, ("127.0.0.1:8080",), {"supabase": UPSTREAM})


@pytest.fixture
async def ops():
    made = Ops()
    metrics = Metrics("1.2.3")
    metrics.bind("supabase", "users")
    made.runner = make_runner(make_ops_app(made.status, metrics))
    await made.runner.setup()
    site = web.TCPSite(made.runner, "127.0.0.1", 0)
    await site.start()
    made.origin = f"http://127.0.0.1:{made.runner.addresses[0][1]}"
    yield made
    await made.runner.cleanup()


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


async def test_many_scrapes_at_once_are_all_answered(http):
    async def scrape():
        async with http.get("/metrics") as answer:
            return answer.status

    assert await asyncio.gather(*(scrape() for _ in range(20))) == [200] * 20


async def test_it_stops_at_once_whatever_its_clients_do(ops):
    port = ops.runner.addresses[0][1]
    idle = await asyncio.open_connection("127.0.0.1", port)
    half = await asyncio.open_connection("127.0.0.1", port)
    half[1].write(b"GET /health HTTP/1.1\r\nHost: a\r\n")
    kept = await asyncio.open_connection("127.0.0.1", port)
    kept[1].write(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
    await kept[0].readuntil(b"live")
    began = time.monotonic()
    await ops.runner.cleanup()
    assert time.monotonic() - began < 2
    for _, writer in (idle, half, kept):
        writer.close()
        await writer.wait_closed()
