"""Figures of drills: plain integers that the drill layer increments, read at a scrape."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector

_Counts = dict[tuple[str, str], int]


@dataclass(slots=True)
class DrillStats:
    """By upstream and fault."""

    injected: _Counts = field(default_factory=dict)
    """Calls that met a fault, since the start."""
    active: _Counts = field(default_factory=dict)
    """Drills under way."""

    def hit(self, upstream: str, fault: str) -> None:
        """A call meets `fault`."""
        _add(self.injected, (upstream, fault), 1)

    def began(self, upstream: str, fault: str) -> None:
        """A drill begins."""
        _add(self.injected, (upstream, fault), 0)
        _add(self.active, (upstream, fault), 1)

    def ended(self, upstream: str, fault: str) -> None:
        """A drill ends, whatever ended it."""
        _add(self.active, (upstream, fault), -1)


def _add(counts: _Counts, key: tuple[str, str], number: int) -> None:
    counts[key] = counts.get(key, 0) + number


class DrillCollector(StatsCollector[DrillStats]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """Both families; without a drill so far, neither has a sample."""
        stats, labels = self._get(), ["upstream", "fault"]
        injected = CounterMetricFamily(
            "sidecar_drill_injected", "Calls that met a fault made on purpose.", labels=labels
        )
        active = GaugeMetricFamily("sidecar_drills_active", "Drills under way.", labels=labels)
        for key, count in dict(stats.injected).items():
            injected.add_metric(list(key), count)
        for key, count in dict(stats.active).items():
            active.add_metric(list(key), count)
        yield from (injected, active)
