"""Figures of the stores: plain integers that they increment, exported when somebody asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, figures


@dataclass(slots=True)
class StoreStats:
    """Totals of one store since the start, and how it stands now."""

    hits: int = 0
    """Reads that found something."""
    misses: int = 0
    """Reads of a store that answered and had nothing."""
    writes: int = 0
    """Records that were kept."""
    dropped: int = 0
    """Writes that were given up: too large, too many waiting, or too late."""
    evicted: int = 0
    """Records that went before their time, for want of room."""
    failures: dict[str, int] = field(default_factory=dict)
    """Operations that the store did not answer, by `timeout`, `error` and `corrupt`."""
    skipped: int = 0
    """Operations that were not tried, because the store was down."""
    unreadable: int = 0
    """Records that were found and that nobody could read."""
    up: bool = True
    """Whether it is tried at all."""
    bytes: int = 0
    """What it holds, as far as this process knows."""
    entries: int = 0
    """How many records it holds, as far as this process knows."""
    pending: int = 0
    """Writes that wait for their turn."""

    def failed(self, reason: str) -> None:
        """Count an operation that the store did not answer."""
        self.failures[reason] = self.failures.get(reason, 0) + 1


_COUNTERS = {
    "hits": "Reads that found something.",
    "misses": "Reads that found nothing.",
    "writes": "Records that were kept.",
    "dropped": "Writes that were given up.",
    "evicted": "Records that went before their time.",
    "skipped": "Operations that were not tried while the store was down.",
    "unreadable": "Records that nobody could read.",
}
_GAUGES = {
    "up": "Whether the store is used (1) or passed over (0).",
    "bytes": "Bytes that the store holds.",
    "entries": "Records that the store holds.",
    "pending": "Writes that wait for their turn.",
}


class StoreCollector(StatsCollector[Mapping[str, StoreStats]]):
    """Exports the figures at the time of a scrape.

    Args:
        get: the stores by name: `memory`, `shared`.
    """

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each store."""
        stores = dict(self._get())
        for name, text in _COUNTERS.items():
            metric = f"sidecar_store_{name}"
            yield figures(CounterMetricFamily(metric, text, labels=["store"]), stores, name)
        for name, text in _GAUGES.items():
            metric = f"sidecar_store_{name}"
            yield figures(GaugeMetricFamily(metric, text, labels=["store"]), stores, name)
        text = "Operations without an answer."
        yield counts(
            CounterMetricFamily("sidecar_store_failures", text, labels=["store", "reason"]),
            stores,
            "failures",
        )
