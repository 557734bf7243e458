"""Figures of the caches: plain integers that the layers increment, exported at a scrape."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.core.cache.model import Entry
from sidecar.telemetry.collector import StatsCollector


@dataclass(slots=True)
class CacheStats:
    """Totals of one route since the start."""

    requests: dict[str, int] = field(default_factory=dict)
    """By what became of them: `hit`, `miss`, `stale`, `revalidate`, `stale_if_error`, `joined`,
    `bypass`, `fallback`, `refused`, `shadow_hit`, `shadow_miss`."""
    saved: float = 0.0
    """Seconds that the upstream took for the answers that were hit: what their users did not wait,
    if it had taken as long again."""
    refreshed: dict[str, int] = field(default_factory=dict)
    """Calls that nobody waited for, by why: `stale`, `early`, `warm`, `written`, `purged`,
    `prefetch`."""
    prefetched_used: int = 0
    """Answers that were fetched ahead and then asked for."""
    invalidated: int = 0
    """Writes that dropped what was stored."""

    def count(self, result: str) -> None:
        """One request, and what became of it."""
        self.requests[result] = self.requests.get(result, 0) + 1

    def hit(self, entry: Entry) -> None:
        """One answer that is fresh."""
        self.count("hit")
        self.saved += entry.cost

    def refresh(self, reason: str) -> None:
        """One call that nobody waits for."""
        self.refreshed[reason] = self.refreshed.get(reason, 0) + 1


class CacheCollector(StatsCollector[Mapping[tuple[str, str], CacheStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each route and kind."""
        route = ["upstream", "route"]
        requests = CounterMetricFamily(
            "sidecar_cache_requests", "Requests to a cache.", labels=[*route, "result"]
        )
        refreshes = CounterMetricFamily(
            "sidecar_cache_refreshes", "Calls that nobody waited for.", labels=[*route, "reason"]
        )
        saved = CounterMetricFamily(
            "sidecar_cache_saved_seconds",
            "Estimated: what the upstream took for the answers that were hit.",
            labels=route,
        )
        used = CounterMetricFamily(
            "sidecar_cache_prefetched_used",
            "Answers fetched ahead that were asked for.",
            labels=route,
        )
        invalidated = CounterMetricFamily(
            "sidecar_cache_invalidations", "Writes that dropped what was stored.", labels=route
        )
        for names, stats in dict(self._get()).items():
            for result, count in dict(stats.requests).items():
                requests.add_metric([*names, result], count)
            for reason, count in dict(stats.refreshed).items():
                refreshes.add_metric([*names, reason], count)
            saved.add_metric(list(names), stats.saved)
            used.add_metric(list(names), stats.prefetched_used)
            invalidated.add_metric(list(names), stats.invalidated)
        yield from (requests, refreshes, saved, used, invalidated)
