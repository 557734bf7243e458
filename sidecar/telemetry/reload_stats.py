"""Figures of reloads: whether the last configuration was taken, when, and how many there were."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector


@dataclass(slots=True)
class ReloadStats:
    """Since the start. The configuration that the sidecar started with was taken."""

    successful: bool = True
    """Whether the last one was taken; False also after a bad file, while the old one holds."""
    success_at: float = 0.0
    """When one was taken last; Unix seconds."""
    reloads: dict[str, int] = field(default_factory=lambda: {"success": 0, "failure": 0})
    """By what came of them."""

    def taken(self, wall: float) -> None:
        """A configuration is in force now."""
        self.successful = True
        self.success_at = wall
        self.reloads["success"] += 1

    def refused(self) -> None:
        """One was not taken."""
        self.successful = False
        self.reloads["failure"] += 1


class ReloadCollector(StatsCollector[ReloadStats]):
    """Exports the figures at the time of a scrape. Named as Prometheus names its own."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure."""
        stats = self._get()
        yield GaugeMetricFamily(
            "sidecar_config_last_reload_successful",
            "1 where the last configuration was taken, 0 where it was refused.",
            value=float(stats.successful),
        )
        yield GaugeMetricFamily(
            "sidecar_config_last_reload_success_timestamp_seconds",
            "When a configuration was taken last.",
            value=stats.success_at,
        )
        reloads = CounterMetricFamily(
            "sidecar_config_reloads", "Reloads, by what came of them.", labels=["result"]
        )
        for result, count in stats.reloads.items():
            reloads.add_metric([result], count)
        yield reloads
