"""Figures of what became of exchanges: kinds of failures, and attempts. A sink counts them.

Plain integers, exported when somebody asks. What kind a failure is, is decided in core.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.core.summary_failures import FailureClass, failure_class
from sidecar.telemetry.collector import StatsCollector
from sidecar.telemetry.record import Record


@dataclass(slots=True)
class OutcomeStats:
    """Totals of one route since the start."""

    failures: dict[FailureClass, int] = field(default_factory=dict)
    """Exchanges that failed, each under one kind."""
    sent: int = 0
    """Exchanges that made an attempt at the upstream."""
    attempts: int = 0
    """Their attempts, second requests included."""


class Outcomes:
    """Counts every exchange, by upstream and route. Call it as a sink."""

    def __init__(self) -> None:
        self.stats: dict[tuple[str, str], OutcomeStats] = {}

    def __repr__(self) -> str:
        return f"<Outcomes of {len(self.stats)} routes>"

    def __call__(self, record: Record) -> None:
        """Count one exchange. Names come from the configuration: there are not many."""
        names = (record.upstream, record.route)
        stats = self.stats.get(names) or self.stats.setdefault(names, OutcomeStats())
        attempts = len(record.trail)
        if attempts:
            stats.sent += 1
            stats.attempts += attempts
        if record.error is not None or record.status >= 429 or record.client_closed:
            kind = failure_class(record.status, record.error, client_left=record.client_closed)
            if kind is not None:
                stats.failures[kind] = stats.failures.get(kind, 0) + 1


class OutcomeCollector(StatsCollector[Mapping[tuple[str, str], OutcomeStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """Failures by kind, and attempts by exchange: its mean is what a call costs upstream."""
        route = ["upstream", "route"]
        failures = CounterMetricFamily(
            "sidecar_failures", "Exchanges that failed, by kind.", labels=[*route, "kind"]
        )
        attempts = SummaryMetricFamily(
            "sidecar_exchange_attempts",
            "Attempts of exchanges that made any.",
            labels=route,
        )
        for names, stats in dict(self._get()).items():
            for kind, count in dict(stats.failures).items():
                failures.add_metric([*names, kind], count)
            attempts.add_metric(list(names), count_value=stats.sent, sum_value=stats.attempts)
        yield from (failures, attempts)
