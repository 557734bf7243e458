"""Figures of repetitions: plain integers that the retry layer increments.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.judgement import Judgement
from sidecar.telemetry.collector import StatsCollector

_MOST_REASONS = 64
_OTHER = "other"
_QUIET = frozenset(("done", "permanent"))
"""Ends that are no missed repetition."""


@dataclass(slots=True)
class RetryStats:
    """Totals of one route since the start."""

    retries: dict[str, int] = field(default_factory=dict)
    """Attempts after the first, by the reason of the judgement that led to them."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Failures that were worth a repetition and got none, by what stood in the way."""
    rescued: int = 0
    """Calls that succeeded on a later attempt: errors that the application did not see."""

    def repeated(self, reason: str) -> None:
        """Another attempt begins, because of `reason`."""
        _count(self.retries, reason)

    def ended(self, judgement: Judgement, stop: str, *, repeated: bool) -> None:
        """The call ends with the outcome of its last attempt; `repeated` if it had earlier ones."""
        if judgement.verdict == "success" and repeated:
            self.rescued += 1
        if stop not in _QUIET:
            _count(self.skipped, stop)


def _count(counts: dict[str, int], reason: str) -> None:
    name = reason if reason in counts or len(counts) < _MOST_REASONS else _OTHER
    counts[name] = counts.get(name, 0) + 1


class RetryCollector(StatsCollector[Mapping[tuple[str, str], RetryStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each route and reason."""
        route = ["upstream", "route"]
        retries = CounterMetricFamily(
            "sidecar_retries", "Attempts after the first.", labels=[*route, "reason"]
        )
        skipped = CounterMetricFamily(
            "sidecar_retry_skipped", "Failures that got no repetition.", labels=[*route, "reason"]
        )
        rescued = CounterMetricFamily(
            "sidecar_retry_rescued", "Calls that succeeded on a later attempt.", labels=route
        )
        for names, stats in dict(self._get()).items():
            for reason, count in dict(stats.retries).items():
                retries.add_metric([*names, reason], count)
            for reason, count in dict(stats.skipped).items():
                skipped.add_metric([*names, reason], count)
            rescued.add_metric(list(names), stats.rescued)
        yield from (retries, skipped, rescued)
