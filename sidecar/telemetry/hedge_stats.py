"""Figures of second requests: plain integers that the hedge layer increments.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, figures


@dataclass(slots=True)
class HedgeStats:
    """Totals of one route since the start. `sent` = `won` + `wasted` + those under way."""

    sent: int = 0
    """Second requests."""
    won: int = 0
    """Those whose answer was used."""
    wasted: int = 0
    """Those whose answer was not: the first was faster, both failed, or the client left."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Reads that got no second request, by what stood in the way: `samples`, `deadline`,
    `unsent`, `unhealthy`, `retry_budget`, `budget`."""

    def skip(self, reason: str) -> None:
        """Count one read that got no second request for `reason`."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


_COUNTERS = {
    "sent": ("sidecar_hedge_sent", "Second requests beside reads that were slow."),
    "won": ("sidecar_hedge_won", "Second requests whose answer was used."),
    "wasted": ("sidecar_hedge_wasted", "Second requests whose answer was not used."),
}


class HedgeCollector(StatsCollector[Mapping[tuple[str, str], HedgeStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each route (and reason)."""
        route = ["upstream", "route"]
        stats = dict(self._get())
        for name, (metric, text) in _COUNTERS.items():
            yield figures(CounterMetricFamily(metric, text, labels=route), stats, name)
        text = "Reads that got no second request."
        yield counts(
            CounterMetricFamily("sidecar_hedge_skipped", text, labels=[*route, "reason"]),
            stats,
            "skipped",
        )
