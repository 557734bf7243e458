"""Figures of idempotency keys: plain integers that the ledger layer increments.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, figures


@dataclass(slots=True)
class LedgerStats:
    """Totals of one upstream since the start, and what it holds now."""

    calls: int = 0
    """Calls with a key that were made."""
    replayed: int = 0
    """Calls that were not made because their answer was known."""
    waited: int = 0
    """Calls that waited for an earlier one with the same key."""
    refused: dict[str, int] = field(default_factory=dict)
    """Calls that were neither made nor had an answer: `reused` (the key was used for another
    request), `in_flight`, `unknown`, `answer_lost`."""
    outcomes: dict[str, int] = field(default_factory=dict)
    """What became of the calls that were made: `answered`, `answer_lost`, `unknown`, `not_done`."""
    evicted: int = 0
    """Answers and keys that were forgotten before their time, for want of room."""
    bytes: int = 0
    """What keys and answers take now, about."""

    def refuse(self, why: str) -> None:
        """Count a call that is refused."""
        self.refused[why] = self.refused.get(why, 0) + 1

    def end(self, outcome: str) -> None:
        """Count a call that is over."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


_COUNTERS = {
    "calls": "Calls with an idempotency key that were made.",
    "replayed": "Calls that got the answer of an earlier one with the same key.",
    "waited": "Calls that waited for an earlier one with the same key.",
    "evicted": "Answers and keys that were forgotten before their time.",
}
_BY_LABEL = {
    "refused": ("reason", "Calls without an answer."),
    "outcomes": ("outcome", "What became of calls."),
}


class LedgerCollector(StatsCollector[Mapping[str, LedgerStats]]):
    """Exports the figures at the time of a scrape.

    Args:
        get: the figures by upstream.
    """

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each upstream."""
        everything = dict(self._get())
        for name, text in _COUNTERS.items():
            metric = f"sidecar_ledger_{name}"
            yield figures(CounterMetricFamily(metric, text, labels=["upstream"]), everything, name)
        text = "Memory that keys and answers take."
        yield figures(
            GaugeMetricFamily("sidecar_ledger_bytes", text, labels=["upstream"]),
            everything,
            "bytes",
        )
        for name, (label, text) in _BY_LABEL.items():
            yield counts(
                CounterMetricFamily(f"sidecar_ledger_{name}", text, labels=["upstream", label]),
                everything,
                name,
            )
