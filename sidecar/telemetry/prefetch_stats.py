"""Figures of calls that are made ahead: plain integers, exported at a scrape.

Whether what was fetched was then asked for is counted by the cache (`telemetry/cache_stats.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector

Skipped = Literal["not_kept", "under_way", "not_calm", "queue_full"]
"""Why a call was not made: its route keeps no answers; the same is being fetched; the upstream has
enough to do, or its breaker is not closed; too many wait already."""


@dataclass(slots=True)
class PrefetchStats:
    """Totals of one route since the start: of the calls that its answers led to."""

    fetched: int = 0
    """Answered with a status below 400, to the last byte."""
    failed: int = 0
    """All others that were made."""
    skipped: dict[Skipped, int] = field(default_factory=dict)

    def skip(self, reason: Skipped) -> None:
        """One call that is not made."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


class PrefetchCollector(StatsCollector[Mapping[tuple[str, str], PrefetchStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for calls, one for those that were not made."""
        route = ["upstream", "route"]
        calls = CounterMetricFamily(
            "sidecar_prefetch_calls",
            "Calls made ahead because of this route's answers.",
            labels=[*route, "result"],
        )
        skipped = CounterMetricFamily(
            "sidecar_prefetch_skipped", "Calls that were not made ahead.", labels=[*route, "reason"]
        )
        for names, stats in dict(self._get()).items():
            calls.add_metric([*names, "fetched"], stats.fetched)
            calls.add_metric([*names, "failed"], stats.failed)
            for reason, count in dict(stats.skipped).items():
                skipped.add_metric([*names, reason], count)
        yield from (calls, skipped)
