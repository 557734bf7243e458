"""Figures of idempotency keys: plain integers that the ledger layer increments.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector


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


class LedgerCollector(StatsCollector[Mapping[str, LedgerStats]]):
    """Exports the figures at the time of a scrape.

    Args:
        get: the figures by upstream.
    """

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each upstream."""
        everything = dict(self._get())
        for name, text in _COUNTERS.items():
            counter = CounterMetricFamily(f"sidecar_ledger_{name}", text, labels=["upstream"])
            for upstream, stats in everything.items():
                counter.add_metric([upstream], getattr(stats, name))
            yield counter
        size = GaugeMetricFamily(
            "sidecar_ledger_bytes", "Memory that keys and answers take.", labels=["upstream"]
        )
        refused = CounterMetricFamily(
            "sidecar_ledger_refused", "Calls without an answer.", labels=["upstream", "reason"]
        )
        outcomes = CounterMetricFamily(
            "sidecar_ledger_outcomes", "What became of calls.", labels=["upstream", "outcome"]
        )
        for upstream, stats in everything.items():
            size.add_metric([upstream], stats.bytes)
            for reason, count in dict(stats.refused).items():
                refused.add_metric([upstream, reason], count)
            for outcome, count in dict(stats.outcomes).items():
                outcomes.add_metric([upstream, outcome], count)
        yield from (size, refused, outcomes)
