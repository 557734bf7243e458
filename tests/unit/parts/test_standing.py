from types import SimpleNamespace

import pytest

from sidecar.clock import SystemClock
from sidecar.config import Config, Pace
from sidecar.core.routing import entries
from sidecar.parts.resilience import Resilience
from sidecar.parts.standing import Stand
from sidecar.transport.upstream import UpstreamTransport
from tests.support.builders import upstream


@pytest.fixture
async def stood():
    clock = SystemClock()
    config = Config(
        upstreams={
            "api": upstream("http://127.0.0.1:1", pool={"max_connections": 7}),
            "paced": upstream("http://127.0.0.1:2", pace=(Pace(rate=10.0, name="all"),)),
        }
    )
    transports = {name: UpstreamTransport(each, clock) for name, each in config.upstreams.items()}
    resilience = {
        name: Resilience(name, each, clock, b"x" * 16) for name, each in config.upstreams.items()
    }
    yield SimpleNamespace(config=config, transports=transports, resilience=resilience)
    for each in transports.values():
        each.close()


async def test_pools_are_shown_with_what_they_may_hold(stood):
    stats = stood.transports["api"].pool.stats
    stats.open, stats.idle, stats.waiters, stats.reused = 5, 2, 1, 9
    stats.fail("dns_error")
    stats.discard("idle")
    first, second = Stand(lambda: stood, SystemClock()).pools()
    assert (first["upstream"], first["open"], first["busy"], first["idle"]) == ("api", 5, 3, 2)
    assert (first["waiting"], first["max"], first["failed_dials"]) == (1, 7, 1)
    assert first["failures"] == [{"error": "dns_error", "count": 1}]
    assert first["discarded"] == [{"reason": "idle", "count": 1}]
    assert second["upstream"] == "paced"


async def test_limits_are_shown_with_the_budget_for_repetitions(stood):
    stood.resilience["api"].limiter.admit(1.0)
    first, _ = Stand(lambda: stood, SystemClock()).limits()
    assert (first["upstream"], first["inflight"], first["waiters"]) == ("api", 1, 0)
    assert first["retry_budget"]["tokens"] >= 0


async def test_paces_are_shown_with_the_keys_that_wait(stood):
    shared = stood.resilience["paced"]
    (route,) = entries("paced", stood.config.upstreams["paced"])
    shared.pace(route)
    (lanes,) = shared.lanes.values()
    clock = SystemClock()
    for _ in range(3):
        lanes.get("k", clock.now()).take(clock.now())
    shared.pace_stats["all"].waiting = 4
    (row,) = Stand(lambda: stood, clock).paces()
    assert (row["upstream"], row["pace"], row["rate"], row["waiting"]) == (
        "paced",
        "all",
        "10/s",
        4,
    )
    assert [each["key"] for each in row["busy"]] == ["k"]
