"""`/admin/summary` and `/admin/exchanges` on an admin listener, over exchanges that happened."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from sidecar.admin import make_admin_app
from sidecar.admin.exchanges import exchange_endpoints
from sidecar.admin.summary import summary_endpoints
from sidecar.assembly import Assembly
from sidecar.clock import SystemClock
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.parts.overview import Overview
from sidecar.side_listener import make_runner
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.record import Record
from sidecar.trail import Tried
from tests.support.builders import config, upstream
from tests.support.clock import FakeClock
from tests.support.proxied import soon

SECRET = "sb_secret_0123456789abcdef"  # not a secret
ABOUT = {"version": "1.2.3", "uptime": 5.0, "state": "ready", "config": {"reload": None}}


def record(**changes):
    settings = {
        "upstream": "api",
        "route": "default",
        "method": "GET",
        "target": f"/rest/v1/x?id=eq.5&apikey={SECRET}",
        "status": 200,
        "duration": 0.2,
        "first_byte": 0.15,
        "at_upstream": 0.1499,
        "attempts": 1,
        "trail": [Tried(1, 0.0)],
    }
    return Record("id-1", **{**settings, **changes})


class Served:
    """The endpoints over the parts of a configuration with two upstreams."""

    def __init__(self):
        clock, self.metrics = SystemClock(), Metrics("1.2.3")
        whole = config(
            upstreams={"api": upstream("http://127.0.0.1:1/secret-path"), "b": upstream("http://b")}
        )
        parts = Assembly(whole, clock, self.metrics)
        self.parts = parts
        self.overview = Overview(self.metrics, clock, lambda: parts, lambda: ABOUT)
        endpoints = [
            *summary_endpoints(self.overview),
            *exchange_endpoints(self.overview.recent),
        ]
        self.runner = make_runner(make_admin_app(Admin(), DEFAULT_ADMIN, endpoints))

    def see(self, *records):
        for each in records:
            for sink in (self.metrics.sink(), *self.overview.sinks):
                sink(each)

    async def get(self, path, status=200, **headers):
        async with self.http.get(path, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            if "json" in answer.content_type:
                return await answer.json()
            return await answer.text()


@asynccontextmanager
async def serving():
    served = Served()
    await served.runner.setup()
    await web.TCPSite(served.runner, "127.0.0.1", 0).start()
    served.http = aiohttp.ClientSession(f"http://127.0.0.1:{served.runner.addresses[0][1]}")
    yield served
    await served.http.close()
    await served.runner.cleanup()
    await served.overview.close()
    await served.parts.close()


@pytest.fixture
async def served():
    async with serving() as made:
        yield made


async def test_a_summary_has_what_was_counted_since_the_start_at_once(served):
    served.see(record(), record(status=503), record(upstream="b", trail=[]))
    served.metrics.inflight("api").count = 2
    await asyncio.sleep(0.51)  # readings are as good as new for half a second
    found = await served.get("/admin/summary")
    assert {name: found[name] for name in ABOUT} == ABOUT
    assert (found["total"]["calls"], found["queue"]) == (3, None)
    api, b = found["upstreams"]
    assert (api["name"], api["calls"], api["errors"]["count"], api["inflight"]) == ("api", 2, 1, 2)
    assert (b["name"], b["calls"], b["inflight"]) == ("b", 1, 0)
    assert api["url"] == "http://127.0.0.1:1"
    assert api["pool"] == {"open": 0, "idle": 0, "waiting": 0, "max": 100}
    assert (api["limit"]["inflight"], api["limit"]["waiting"], api["paces"]) == (0, 0, [])
    (route,) = api["routes"]
    assert (route["name"], route["calls"], route["overhead"]) == ("default", 2, None)
    assert "series" not in route
    assert [each["name"] for each in api["breakers"]] == ["api/api"]


async def test_what_is_ticked_is_in_the_window_and_in_the_curve(served):
    served.see(record())
    await served.overview.tick()
    served.see(record(), record())
    await served.overview.tick()
    found = await served.get("/admin/summary?window=5m")
    assert found["total"]["calls"] == 3
    assert len(found["total"]["series"]["rate"]) == 2
    assert len(found["upstreams"][0]["series"]["p95"]) == 2


async def test_many_who_ask_at_once_all_get_an_answer_while_it_ticks(served):
    served.overview.start()
    served.overview.start()
    served.see(*[record() for _ in range(50)])
    await asyncio.sleep(0.51)
    found = await asyncio.gather(*[served.get("/admin/summary") for _ in range(20)])
    assert {each["total"]["calls"] for each in found} == {50}


async def test_a_summary_as_text_is_a_row_for_each_upstream_and_their_sum(served):
    text = await served.get("/admin/summary", **{"User-Agent": "curl/8"})
    lines = text.splitlines()
    assert [line.split()[0] for line in lines] == ["UPSTREAM", "api", "b", "all"]


async def test_a_window_that_is_none_is_refused_with_a_guess(served):
    assert "did you mean '15m'" in (await served.get("/admin/summary?window=15n", 400))["error"]


async def test_exchanges_are_listed_with_their_attempts_and_without_secrets(served):
    served.see(record(), record(status=503, attempts=2, trail=[Tried(1, 0.0), Tried(2, 0.1)]))
    found = await served.get("/admin/exchanges")
    assert (found["last"], found["dropped"]) == (2, False)
    assert [len(each["attempts"]) for each in found["exchanges"]] == [1, 2]
    assert found["exchanges"][0]["target"] == "/rest/v1/x?id=*&apikey=*"
    assert SECRET not in str(found)
    text = await served.get("/admin/exchanges?format=text")
    assert text.splitlines()[0].split()[:3] == ["SEQ", "TIME", "UPSTREAM"]
    assert SECRET not in text


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("after=3", [4, 5]),
        ("limit=2", [4, 5]),
        ("limit=0", [5]),
        ("after=1&limit=1", [2]),
        ("status=5xx", [2, 4]),
        ("status=404", [3]),
        ("status=error", [2, 4, 5]),
        ("upstream=b", [3]),
        ("route=default&status=2xx", [1]),
        ("slow=500ms", [2]),
    ],
)
async def test_exchanges_are_chosen(served, query, numbers):
    served.see(
        record(),
        record(status=500, duration=0.7),
        record(status=404, upstream="b"),
        record(status=503, error="breaker_open"),
        record(status=499, client_closed=True),
    )
    found = await served.get(f"/admin/exchanges?{query}")
    assert [each["seq"] for each in found["exchanges"]] == numbers


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("aftr=1", "did you mean 'after'?"),
        ("after=-1", "after: expected a whole number"),
        ("after=99999999999999999999", "after: expected a whole number"),
        ("after=%C2%B2", "after: expected a whole number"),
        ("limit=x", "limit: expected a whole number"),
        ("status=6xx", "status: expected a status"),
        ("slow=5", "slow: expected a duration"),
    ],
)
async def test_what_makes_no_sense_is_refused(served, query, said):
    assert said in (await served.get(f"/admin/exchanges?{query}", 400))["error"]


class Failing:
    """A collector that fails now and then."""

    def __init__(self):
        self.calls = 0

    def describe(self):
        return ()

    def collect(self):
        self.calls += 1
        if self.calls == 2:
            raise RuntimeError("no figures")
        return ()


async def test_a_reading_that_fails_is_logged_and_the_next_is_taken(caplog):
    metrics, failing = Metrics("1"), Failing()
    metrics.registry.register(failing)
    overview = Overview(metrics, FakeClock(), lambda: None, lambda: ABOUT)
    overview.start()
    await soon(lambda: failing.calls >= 4)
    await overview.close()
    await overview.close()
    assert [line.message for line in caplog.records] == ["a reading of the metrics failed"]
