"""Figures of what providers say about their quotas: the last word of each, by upstream.

Read from headers that are there anyway; exported when somebody asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.dialects.usage import Meter, fields_in, usage_in
from sidecar.exchange import RawHeaders
from sidecar.telemetry.collector import StatsCollector


@dataclass(slots=True)
class UsageStats:
    """What one upstream said last."""

    ratio: dict[Meter, float] = field(default_factory=dict)
    """Used parts of its quotas."""
    remaining: dict[Meter, float] = field(default_factory=dict)
    """What is left of them."""
    regain: float | None = None
    """Seconds until access is given back, as it said."""
    reports: int = 0
    """Answers that said something: where this stands still, the figures are old."""
    _last: list[tuple[bytes, bytes]] = field(init=False, default_factory=list)

    def see(self, headers: RawHeaders) -> None:
        """Take in the headers of one answer. Most have nothing of interest, which costs little."""
        fields = fields_in(headers)
        if not fields:
            return
        self.reports += 1
        if fields == self._last:
            return
        self._last = fields
        usage = usage_in(fields)
        self.ratio.update(usage.ratio)
        self.remaining.update(usage.remaining)
        if usage.regain is not None:
            self.regain = usage.regain


class UsageCollector(StatsCollector[Mapping[str, UsageStats]]):
    """Exports the figures at the time of a scrape. An upstream that says nothing has no series."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each upstream and meter."""
        labels = ["upstream", "meter"]
        ratio = GaugeMetricFamily(
            "sidecar_upstream_usage_ratio", "Used part of a quota, as last said.", labels=labels
        )
        remaining = GaugeMetricFamily(
            "sidecar_upstream_quota_remaining", "What is left of a quota.", labels=labels
        )
        regain = GaugeMetricFamily(
            "sidecar_upstream_regain_access_seconds",
            "Time until access is given back, as last said.",
            labels=["upstream"],
        )
        reports = CounterMetricFamily(
            "sidecar_upstream_usage_reports", "Answers that said so.", labels=["upstream"]
        )
        for name, stats in dict(self._get()).items():
            for meter, value in dict(stats.ratio).items():
                ratio.add_metric([name, meter], value)
            for meter, value in dict(stats.remaining).items():
                remaining.add_metric([name, meter], value)
            if stats.regain is not None:
                regain.add_metric([name], stats.regain)
            if stats.reports:
                reports.add_metric([name], stats.reports)
        yield from (ratio, remaining, regain, reports)
