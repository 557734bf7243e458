"""Figures of the keys that the sidecar holds: plain numbers that the credentials layer counts up.

Keys are called by their names in the configuration or their numbers, never by their values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, figures


@dataclass(slots=True)
class KeyFigures:
    """Totals of one key since the start."""

    used: int = 0
    """Attempts that had it."""
    refused: int = 0
    """Of them, those that were answered that it comes too often."""
    rejected: int = 0
    """Of them, those that were answered 401, 402 or 403."""


class KeyStats:
    """Totals of one upstream since the start.

    Args:
        names: of its keys, in their order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.keys = {name: KeyFigures() for name in names}
        self.waits = 0
        """Calls that waited for a key while all of them rested."""
        self.seconds = 0.0
        """How long they waited, all together."""
        self.unrested = 0
        """Calls that went out with a key that should have rested still."""


_OF_KEYS = {
    "used": ("sidecar_key_used", "Attempts with a key that the sidecar holds."),
    "refused": ("sidecar_key_refused", "Attempts whose key was refused for coming too often."),
    "rejected": ("sidecar_key_rejected", "Attempts whose key was not accepted."),
}
_OF_UPSTREAMS = {
    "waits": ("sidecar_key_waits", "Calls that waited while all keys rested."),
    "seconds": ("sidecar_key_wait_seconds", "Time that calls waited while all keys rested."),
    "unrested": ("sidecar_key_unrested", "Calls that went out although all keys rested."),
}


class KeyCollector(StatsCollector[Mapping[str, KeyStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each upstream (and key)."""
        upstreams = dict(self._get())
        keys = {
            (upstream, key): each
            for upstream, stats in upstreams.items()
            for key, each in stats.keys.items()
        }
        for name, (metric, text) in _OF_KEYS.items():
            yield figures(CounterMetricFamily(metric, text, labels=["upstream", "key"]), keys, name)
        for name, (metric, text) in _OF_UPSTREAMS.items():
            yield figures(CounterMetricFamily(metric, text, labels=["upstream"]), upstreams, name)
