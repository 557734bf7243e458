import asyncio

import pytest
from prometheus_client import CollectorRegistry

from sidecar.telemetry.loop_stats import EVERY, LoopCollector, LoopStats, watch_loop
from tests.support.clock import FakeClock


class LateClock(FakeClock):
    """Wakes later than it was asked to, and ends after some sleeps."""

    def __init__(self, late, sleeps):
        super().__init__()
        self._late = late
        self._sleeps = sleeps

    async def sleep(self, seconds):
        if len(self.slept) == self._sleeps:
            raise asyncio.CancelledError
        await super().sleep(seconds)
        self.advance(self._late)


async def seen(late, sleeps):
    stats, clock = LoopStats(), LateClock(late, sleeps)
    with pytest.raises(asyncio.CancelledError):
        await watch_loop(stats, clock)
    assert clock.slept == [EVERY] * sleeps
    registry = CollectorRegistry()
    registry.register(LoopCollector(lambda: stats))
    return registry.get_sample_value


async def test_how_late_the_loop_wakes_is_counted():
    value = await seen(late=0.03, sleeps=3)
    assert value("sidecar_loop_lag_seconds_count") == 3
    assert value("sidecar_loop_lag_seconds_sum") == pytest.approx(0.09)
    assert value("sidecar_loop_lag_seconds_bucket", {"le": "0.025"}) == 0
    assert value("sidecar_loop_lag_seconds_bucket", {"le": "0.05"}) == 3


async def test_a_timer_that_is_too_early_is_not_late():
    value = await seen(late=-0.01, sleeps=1)
    assert value("sidecar_loop_lag_seconds_sum") == 0
    assert value("sidecar_loop_lag_seconds_bucket", {"le": "0.001"}) == 1
