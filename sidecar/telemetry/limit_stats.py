"""Figures of the limit on calls in flight: plain numbers that the limit layer increments.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.metrics_core import Metric

from sidecar.config.limit import Priority
from sidecar.core.limit import Limiter
from sidecar.core.limit.queue import Reason
from sidecar.telemetry.collector import StatsCollector


@dataclass(slots=True)
class LimitStats:
    """Totals of one upstream since the start; how things stand is read from the limiter."""

    limiter: Limiter
    rejected: dict[tuple[Reason, Priority], int] = field(default_factory=dict)
    """Calls that were refused, by reason and priority."""
    waits: dict[Priority, int] = field(default_factory=dict)
    """Calls that waited, whatever came of it."""
    wait_seconds: dict[Priority, float] = field(default_factory=dict)
    """How long they waited, together."""
    beyond: int = 0
    """Calls that would have had to wait, were the limit enforced."""

    def reject(self, reason: Reason, priority: Priority) -> None:
        """A call was refused."""
        key = (reason, priority)
        self.rejected[key] = self.rejected.get(key, 0) + 1

    def waited(self, seconds: float, priority: Priority) -> None:
        """A call waited, and does no more."""
        self.waits[priority] = self.waits.get(priority, 0) + 1
        self.wait_seconds[priority] = self.wait_seconds.get(priority, 0.0) + seconds


class LimitCollector(StatsCollector[Mapping[str, LimitStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each upstream, reason and priority."""
        stats = dict(self._get())
        yield from _states(stats)
        yield from _totals(stats)


def _states(stats: Mapping[str, LimitStats]) -> Iterable[Metric]:
    inflight = GaugeMetricFamily(
        "sidecar_limit_inflight", "Attempts that hold a permit.", labels=["upstream"]
    )
    limit = GaugeMetricFamily(
        "sidecar_limit_current", "The most attempts in flight now.", labels=["upstream"]
    )
    waiters = GaugeMetricFamily(
        "sidecar_limit_waiters", "Attempts that wait for a permit.", labels=["upstream"]
    )
    for upstream, figures in stats.items():
        inflight.add_metric([upstream], figures.limiter.inflight)
        limit.add_metric([upstream], figures.limiter.limit)
        waiters.add_metric([upstream], figures.limiter.waiters)
    return (inflight, limit, waiters)


def _totals(stats: Mapping[str, LimitStats]) -> Iterable[Metric]:
    rejected = CounterMetricFamily(
        "sidecar_limit_rejected",
        "Attempts that got no permit.",
        labels=["upstream", "reason", "priority"],
    )
    wait = SummaryMetricFamily(
        "sidecar_limit_wait_seconds",
        "Wait for a permit, of those that had to wait.",
        labels=["upstream", "priority"],
    )
    beyond = CounterMetricFamily(
        "sidecar_limit_beyond",
        "Attempts above a limit that is not enforced.",
        labels=["upstream"],
    )
    for upstream, figures in stats.items():
        for (reason, priority), count in dict(figures.rejected).items():
            rejected.add_metric([upstream, reason, priority], count)
        for name, count in dict(figures.waits).items():
            seconds = figures.wait_seconds.get(name, 0.0)
            wait.add_metric([upstream, name], count_value=count, sum_value=seconds)
        beyond.add_metric([upstream], figures.beyond)
    return (rejected, wait, beyond)
