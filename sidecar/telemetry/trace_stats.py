"""Figures of the spans that are sent to a collector: a dead one shows here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector

Lost = Literal["full", "unreachable", "refused"]
"""The queue was full; the collector did not answer for too long; it did not want them."""


@dataclass(slots=True)
class TraceStats:
    """Totals since the start, and how things stand now."""

    sent: int = 0
    """Spans that the collector has taken."""
    lost: dict[Lost, int] = field(
        default_factory=lambda: {"full": 0, "unreachable": 0, "refused": 0}
    )
    """Spans that it has not, by reason."""
    failures: int = 0
    """Requests to it that failed."""
    waiting: int = 0
    """Spans that wait to be sent."""


class TraceCollector(StatsCollector[TraceStats]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure."""
        stats = self._get()
        yield CounterMetricFamily(
            "sidecar_trace_spans_sent", "Spans that the collector has taken.", stats.sent
        )
        lost = CounterMetricFamily(
            "sidecar_trace_spans_lost", "Spans that it has not.", labels=["reason"]
        )
        for reason, count in stats.lost.items():
            lost.add_metric([reason], count)
        yield lost
        yield CounterMetricFamily(
            "sidecar_trace_export_failures",
            "Requests to the collector that failed.",
            stats.failures,
        )
        yield GaugeMetricFamily(
            "sidecar_trace_spans_waiting", "Spans that wait to be sent.", stats.waiting
        )
