"""Figures of one route's WebSockets: plain integers that the tunnels increment.

They are exported when somebody asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, figures

Ending = Literal["closed", "client_left", "upstream_left", "idle", "unmasked", "draining"]
"""How a tunnel ended: after a close frame of either side; because a side left without one; because
the sidecar ended it."""


@dataclass(slots=True)
class Flow:
    """What went in one direction."""

    bytes: int = 0
    """All of them, heads of frames included."""
    messages: int = 0
    """Text and binary messages that ended; pings, pongs and close frames are none."""


@dataclass(slots=True)
class TunnelStats:
    """Totals since the start, and how many are open now."""

    open: int = 0
    """Now."""
    opened: int = 0
    """Handshakes that succeeded."""
    ended: dict[Ending, int] = field(default_factory=dict)
    """Those that ended, by how."""
    seconds: float = 0.0
    """How long those that ended were open, together."""
    up: Flow = field(default_factory=Flow)
    """From the application."""
    down: Flow = field(default_factory=Flow)
    """From the upstream."""

    def begin(self) -> None:
        """Count one that opens."""
        self.open += 1
        self.opened += 1

    def end(self, ending: Ending, seconds: float) -> None:
        """Count one that ended after `seconds`."""
        self.open -= 1
        self.seconds += seconds
        self.ended[ending] = self.ended.get(ending, 0) + 1


_NAMES = ("upstream", "route")
_TOTALS = {
    "opened": ("sidecar_websocket_opened", "WebSockets that were opened."),
    "seconds": ("sidecar_websocket_seconds", "How long those that ended were open, together."),
}
_FLOWS = {
    "bytes": ("sidecar_websocket_bytes", "Bytes on WebSockets, heads of frames included."),
    "messages": ("sidecar_websocket_messages", "Text and binary messages on WebSockets."),
}


class TunnelCollector(StatsCollector[Mapping[tuple[str, str], TunnelStats]]):
    """Exports the figures of all routes at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, with samples for the routes that had a WebSocket."""
        stats = {names: each for names, each in dict(self._get()).items() if each.opened}
        now = "WebSockets now."
        yield figures(
            GaugeMetricFamily("sidecar_websocket_open", now, labels=_NAMES), stats, "open"
        )
        for name, (metric, text) in _TOTALS.items():
            yield figures(CounterMetricFamily(metric, text, labels=_NAMES), stats, name)
        text = "WebSockets that ended."
        yield counts(
            CounterMetricFamily("sidecar_websocket_ended", text, labels=[*_NAMES, "reason"]),
            stats,
            "ended",
        )
        yield from _flows(stats)


def _flows(stats: Mapping[tuple[str, str], TunnelStats]) -> Iterable[Metric]:
    for name, (metric, text) in _FLOWS.items():
        counter = CounterMetricFamily(metric, text, labels=[*_NAMES, "direction"])
        for names, each in stats.items():
            for direction, flow in (("up", each.up), ("down", each.down)):
                counter.add_metric([*names, direction], getattr(flow, name))
        yield counter
