"""Figures of the paces: plain numbers that the pace layer counts up.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, figures


@dataclass(slots=True)
class PaceStats:
    """Totals of one pace of an upstream since the start, and how things stand now."""

    passed: int = 0
    """Calls that were let through, with or without a wait."""
    waits: int = 0
    """Calls that had to wait, whatever came of it."""
    seconds: float = 0.0
    """How long they waited, all together."""
    refused: dict[str, int] = field(default_factory=dict)
    """Calls that were not let through: `full`, `timeout`."""
    observed: dict[str, int] = field(default_factory=dict)
    """What would have happened to calls if the pace were enforced: `waits`, `timeout`."""
    drained: int = 0
    """Refusals of the upstream that made a key rest."""
    keys: int = 0
    """Keys that are remembered now."""
    waiting: int = 0
    """Calls that wait now."""

    def refuse(self, reason: str) -> None:
        """Count one call that is not let through."""
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def observe(self, outcome: str) -> None:
        """Count one call that would not have been let through at once."""
        self.observed[outcome] = self.observed.get(outcome, 0) + 1


_COUNTERS = {
    "passed": ("sidecar_pace_passed", "Calls let through, with or without a wait."),
    "waits": ("sidecar_pace_waits", "Calls that had to wait for their turn."),
    "seconds": ("sidecar_pace_wait_seconds", "Time that calls waited for their turn."),
    "drained": ("sidecar_pace_drained", "Refusals of the upstream that made a key rest."),
}
_BY_LABEL = {
    "refused": ("sidecar_pace_refused", "Calls not let through.", "reason"),
    "observed": (
        "sidecar_pace_observed",
        "Calls that a pace which is not enforced would have kept.",
        "outcome",
    ),
}
_GAUGES = {
    "keys": ("sidecar_pace_keys", "Keys remembered now."),
    "waiting": ("sidecar_pace_waiting", "Calls that wait for their turn now."),
}


class PaceCollector(StatsCollector[Mapping[tuple[str, str], PaceStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each upstream and pace (and reason)."""
        names = ["upstream", "pace"]
        paces = dict(self._get())
        for name, (metric, text) in _COUNTERS.items():
            yield figures(CounterMetricFamily(metric, text, labels=names), paces, name)
        for name, (metric, text, label) in _BY_LABEL.items():
            yield counts(CounterMetricFamily(metric, text, labels=[*names, label]), paces, name)
        for name, (metric, text) in _GAUGES.items():
            yield figures(GaugeMetricFamily(metric, text, labels=names), paces, name)
