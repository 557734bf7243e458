"""Exchanges under way, as plain integers that are exported when somebody asks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


@dataclass(slots=True)
class Inflight:
    """How many exchanges of one upstream are under way. Changed on the event loop only."""

    count: int = 0


class InflightCollector(Collector):
    """Exports the counts at the time of a scrape."""

    def __init__(self, get: Callable[[], Mapping[str, Inflight]]) -> None:
        self._get = get

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not ask for the figures when this is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """One gauge, a sample for each upstream."""
        gauge = GaugeMetricFamily(
            "sidecar_inflight_exchanges", "Exchanges under way.", labels=["upstream"]
        )
        for upstream, inflight in dict(self._get()).items():
            gauge.add_metric([upstream], inflight.count)
        yield gauge
