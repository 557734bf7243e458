"""Exchanges under way, as plain integers that are exported when somebody asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector


@dataclass(slots=True)
class Inflight:
    """How many exchanges of one upstream are under way. Changed on the event loop only."""

    count: int = 0


class InflightCollector(StatsCollector[Mapping[str, Inflight]]):
    """Exports the counts at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One gauge, a sample for each upstream."""
        gauge = GaugeMetricFamily(
            "sidecar_inflight_exchanges", "Exchanges under way.", labels=["upstream"]
        )
        for upstream, inflight in dict(self._get()).items():
            gauge.add_metric([upstream], inflight.count)
        yield gauge
