"""Figures of deliveries: plain integers, incremented by what accepts and what delivers.

They are exported when somebody asks. How much there is, is asked of the spool now and then.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, figures, histograms
from sidecar.telemetry.histogram import Histogram

TIMES = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
ATTEMPTS = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 50.0)


@dataclass(slots=True)
class DeliveryStats:
    """Totals of one route since the start."""

    accepted: int = 0
    """Calls that were answered, to be delivered later."""
    duplicates: int = 0
    """Calls that got the answer of an earlier one, because they were the same."""
    passed_on: int = 0
    """Calls that were not queued because their body was not in memory."""
    refused: dict[str, int] = field(default_factory=dict)
    """Calls that had to be queued and could not be: `spool_full`, `spool_unavailable`,
    `idempotency_key_reused`."""
    outcomes: dict[str, int] = field(default_factory=dict)
    """What became of deliveries: `delivered`, `failed`, `expired`, `unknown`."""
    attempts: dict[str, int] = field(default_factory=dict)
    """How attempts ended: as above, `again`, or `not_let_out` by a breaker, a pace or a limit."""
    callbacks: dict[str, int] = field(default_factory=dict)
    """What became of callbacks: `delivered`, `failed` after all attempts, `dropped` because too
    many were pending."""
    seconds: Histogram = field(default_factory=lambda: Histogram(TIMES))
    """From acceptance to the upstream's answer, of those that were delivered."""
    tries: Histogram = field(default_factory=lambda: Histogram(ATTEMPTS))
    """Attempts of each delivery that has ended."""

    def refuse(self, why: str) -> None:
        """Count a call that is refused."""
        self.refused[why] = self.refused.get(why, 0) + 1

    def attempt(self, how: str) -> None:
        """Count an attempt that has ended."""
        self.attempts[how] = self.attempts.get(how, 0) + 1

    def called(self, how: str) -> None:
        """Count a callback that is over."""
        self.callbacks[how] = self.callbacks.get(how, 0) + 1

    def end(self, outcome: str, tries: int) -> None:
        """Count a delivery that has ended, or of which nobody knows."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.tries.observe(tries)


@dataclass(slots=True)
class SpoolStats:
    """How much there is, as of the last time when the spool was asked."""

    depth: dict[str, int] = field(default_factory=dict)
    """By state."""
    bytes: int = 0
    oldest: float = 0.0
    """Seconds for which the one that is due for the longest time has waited."""
    up: bool = True
    """Whether it answered."""


_ROUTE = ("upstream", "route")
_TOTALS = {
    "accepted": "Calls that were answered, to be delivered later.",
    "duplicates": "Calls that got the answer of an earlier one.",
    "passed_on": "Calls that could not be queued, and were made at once.",
}
_BY_NAME = {
    "refused": ("reason", "Calls that had to be queued and could not be."),
    "outcomes": ("outcome", "What became of deliveries."),
    "attempts": ("outcome", "How attempts at deliveries ended."),
    "callbacks": ("outcome", "What became of callbacks."),
}


class DeliveryCollector(StatsCollector[Mapping[tuple[str, str], DeliveryStats]]):
    """Exports the figures at the time of a scrape.

    Args:
        get: the figures by upstream and route.
        spool: how much there is.
    """

    def __init__(
        self,
        get: Callable[[], Mapping[tuple[str, str], DeliveryStats]],
        spool: Callable[[], SpoolStats],
    ) -> None:
        super().__init__(get)
        self._spool = spool

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, with samples for the routes that queue."""
        stats = dict(self._get())
        yield from _depth(self._spool())
        for name, text in _TOTALS.items():
            metric = f"sidecar_queue_{name}"
            yield figures(CounterMetricFamily(metric, text, labels=_ROUTE), stats, name)
        for name, (label, text) in _BY_NAME.items():
            yield counts(
                CounterMetricFamily(f"sidecar_queue_{name}", text, labels=[*_ROUTE, label]),
                stats,
                name,
            )
        yield histograms(
            "sidecar_queue_delivery_seconds",
            "From acceptance to the answer of the upstream.",
            _ROUTE,
            {names: each.seconds for names, each in stats.items()},
        )
        yield histograms(
            "sidecar_queue_delivery_attempts",
            "Attempts of deliveries that ended.",
            _ROUTE,
            {names: each.tries for names, each in stats.items()},
        )


def _depth(spool: SpoolStats) -> Iterable[Metric]:
    depth = GaugeMetricFamily("sidecar_queue_deliveries", "Deliveries now.", labels=["state"])
    for state, count in dict(spool.depth).items():
        depth.add_metric([state], count)
    yield depth
    for name, text, value in (
        ("bytes", "What the spool takes.", spool.bytes),
        ("oldest_due_seconds", "How long the oldest delivery that is due waits.", spool.oldest),
        ("spool_up", "Whether the spool answers: 1 or 0.", int(spool.up)),
    ):
        gauge = GaugeMetricFamily(f"sidecar_queue_{name}", text)
        gauge.add_metric([], value)
        yield gauge
