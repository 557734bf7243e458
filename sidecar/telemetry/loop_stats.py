"""How late the event loop is: what everything in this process waits when something blocks it.

A task sleeps for a moment and sees how much longer that took. Knows nothing of what blocks.
"""

from collections.abc import Iterable

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.clock import Clock
from sidecar.telemetry.collector import StatsCollector
from sidecar.telemetry.histogram import Histogram

LATENESS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
EVERY = 0.5
"""Seconds between two looks: two wake-ups a second are no load, and a minute has 120 samples."""


class LoopStats:
    """Seconds by which timers were late, since the start."""

    __slots__ = ("late",)

    def __init__(self) -> None:
        self.late = Histogram(LATENESS)

    def __repr__(self) -> str:
        return f"<LoopStats {self.late!r}>"


async def watch_loop(stats: LoopStats, clock: Clock) -> None:
    """Measure until cancelled."""
    while True:
        due = clock.now() + EVERY
        await clock.sleep(EVERY)
        stats.late.observe(max(0.0, clock.now() - due))


class LoopCollector(StatsCollector[LoopStats]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One histogram."""
        late = self._get().late
        family = HistogramMetricFamily(
            "sidecar_loop_lag_seconds", "By how much the event loop ran a timer too late."
        )
        family.add_metric([], late.buckets(), late.sum)
        yield family
