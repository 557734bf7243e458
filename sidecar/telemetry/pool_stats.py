"""Figures of one upstream's pool: plain integers that the transport increments.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, figures


@dataclass(slots=True)
class PoolStats:
    """Totals since the start, and how things stand now. Written by the transport only."""

    dials: int = 0
    """Connections that were tried."""
    dial_failures: dict[str, int] = field(default_factory=dict)
    """Those that failed, by error code (`dns_error`, `connect_timeout`, …)."""
    reused: int = 0
    """Exchanges that found an idle connection."""
    discarded: dict[str, int] = field(default_factory=dict)
    """Connections that were closed instead of kept, by reason (`idle`, `max_age`, …)."""
    resent: int = 0
    """Requests that were sent again because their connection proved dead."""
    resolver_failures: int = 0
    """Look-ups that failed, whether or not an earlier answer could be used."""
    open: int = 0
    """Connections now, idle ones included."""
    idle: int = 0
    """Connections that wait for a request."""
    waiters: int = 0
    """Exchanges that wait for a connection."""

    def count_on(self, before: "PoolStats") -> None:
        """Add what another pool of the same upstream has counted, so that no total goes back."""
        for name in _COUNTERS:
            setattr(self, name, getattr(self, name) + getattr(before, name))
        for name in _BY_LABEL:
            counts = getattr(self, name)
            for label, count in getattr(before, name).items():
                counts[label] = counts.get(label, 0) + count

    def fail(self, error: str) -> None:
        """Count one dial that failed with `error`."""
        self.dial_failures[error] = self.dial_failures.get(error, 0) + 1

    def discard(self, reason: str) -> None:
        """Count one connection that is closed for `reason`."""
        self.discarded[reason] = self.discarded.get(reason, 0) + 1


_COUNTERS = {
    "dials": ("sidecar_pool_dials", "Connections tried."),
    "reused": ("sidecar_pool_reused", "Exchanges that found an idle connection."),
    "resent": (
        "sidecar_pool_resent",
        "Requests sent again because their connection proved dead.",
    ),
    "resolver_failures": ("sidecar_resolver_failures", "Name look-ups that failed."),
}
_BY_LABEL = {
    "dial_failures": ("sidecar_pool_dial_failures", "Connections that failed.", "error"),
    "discarded": ("sidecar_pool_discarded", "Connections closed instead of kept.", "reason"),
}
_GAUGES = {
    "open": ("sidecar_pool_open_connections", "Connections now, idle ones included."),
    "idle": ("sidecar_pool_idle_connections", "Connections that wait for a request."),
    "waiters": ("sidecar_pool_waiters", "Exchanges that wait for a connection."),
}


class PoolCollector(StatsCollector[Mapping[str, PoolStats]]):
    """Exports the pools' figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each upstream."""
        pools = dict(self._get())
        for name, (metric, text) in _COUNTERS.items():
            yield figures(CounterMetricFamily(metric, text, labels=["upstream"]), pools, name)
        for name, (metric, text, label) in _BY_LABEL.items():
            yield counts(CounterMetricFamily(metric, text, labels=["upstream", label]), pools, name)
        for name, (metric, text) in _GAUGES.items():
            yield figures(GaugeMetricFamily(metric, text, labels=["upstream"]), pools, name)
