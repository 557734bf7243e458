"""Figures of the messages between sidecars: plain integers, exported when somebody asks."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector


@dataclass(slots=True)
class MessageStats:
    """Totals since the start, and how it stands now."""

    sent: int = 0
    """Messages that the server took."""
    heard: int = 0
    """Messages of others."""
    unreadable: int = 0
    """What was no message of ours."""
    failed: int = 0
    """Messages that the server did not take; what they tell is sent again."""
    up: bool = False
    """Whether others are heard."""

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        return asdict(self)


class MessageCollector(StatsCollector[MessageStats | None]):
    """Exports the figures at the time of a scrape; nothing where there are no messages."""

    def collect(self) -> Iterable[Metric]:
        """Messages by what became of them, and whether others are heard."""
        stats = self._get()
        messages = CounterMetricFamily(
            "sidecar_cache_messages",
            "Messages between sidecars that share a store.",
            labels=["result"],
        )
        up = GaugeMetricFamily("sidecar_cache_messages_up", "Whether others are heard (1).")
        if stats is not None:
            for result in ("sent", "heard", "unreadable", "failed"):
                messages.add_metric([result], getattr(stats, result))
            up.add_metric([], float(stats.up))
        yield from (messages, up)
