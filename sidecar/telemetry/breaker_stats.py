"""Figures and log lines of one upstream's breakers: plain integers, exported at a scrape.

What is shown of a key is bounded in number: the keys of some templates come from the traffic.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.metrics_core import Metric

from sidecar.core.breaker import Breaker, Breakers, Failure, Transition
from sidecar.telemetry import logs
from sidecar.telemetry.collector import StatsCollector
from sidecar.telemetry.lines import Level

Refused = Literal["at_once", "held_too_long", "line_full", "forced"]
"""Why a call was refused: waiting was of no use or not allowed; it waited in vain; too many waited
already; somebody has forced the breaker open."""

_MOST_NAMES = 64
_OTHER = "other"
_STATES = ("closed", "open", "half_open")
_EVENTS = {
    "open": "breaker_opened",
    "closed": "breaker_closed",
    "half_open": "breaker_half_open",
    "forced_open": "breaker_forced",
    "forced_closed": "breaker_forced",
    "observed": "breaker_forced",
}


@dataclass(slots=True)
class BreakerStats:
    """Totals of one upstream since the start, and how many wait now."""

    upstream: str
    transitions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """By breaker, and the stages before and after."""
    refused: dict[Refused, int] = field(default_factory=dict)
    """Calls that were not sent, by why."""
    unenforced: int = 0
    """Calls that were let through only because the breaker observes."""
    held: int = 0
    """Calls that have waited, however that ended."""
    held_seconds: float = 0.0
    """How long they did, together."""
    held_now: int = 0
    """Calls that wait now."""
    _names: set[str] = field(default_factory=set)

    def label(self, key: str) -> str:
        """The key as it is shown: the first 64 by themselves, the rest together."""
        if key in self._names:
            return key
        if len(self._names) >= _MOST_NAMES:
            return _OTHER
        self._names.add(key)
        return key

    def refuse(self, why: Refused) -> None:
        """A call is refused."""
        self.refused[why] = self.refused.get(why, 0) + 1

    def transitioned(self, key: str, transition: Transition) -> None:
        """A breaker has changed: count it and write a line."""
        change = (self.label(key), transition.before, transition.after)
        self.transitions[change] = self.transitions.get(change, 0) + 1
        fields = {"upstream": self.upstream, "breaker": key, "reason": transition.reason}
        if transition.failures:
            fields["failures"] = worded(transition.failures)
        logs.event(_EVENTS[transition.after], _level(transition), **fields)


def worded(failures: Iterable[Failure]) -> str:
    """`http_503 x3, first_byte_timeout x2`, the most frequent first."""
    reasons = Counter(failure.reason for failure in failures)
    return ", ".join(f"{reason} x{count}" for reason, count in reasons.most_common())


def _level(transition: Transition) -> Level:
    """One line for the beginning of an outage and one for its end; its probes are details."""
    if "half_open" in (transition.before, transition.after) and transition.after != "closed":
        return "debug"
    return "warning" if transition.after in ("open", "forced_open") else "info"


class BreakerCollector(StatsCollector[Mapping[str, BreakerStats]]):
    """Exports the figures, and how each breaker stands, at the time of a scrape.

    Args:
        get: the figures by upstream.
        breakers: all breakers.
        now: the Clock's `now`.
    """

    def __init__(
        self,
        get: Callable[[], Mapping[str, BreakerStats]],
        breakers: Callable[[], Breakers],
        now: Callable[[], float],
    ) -> None:
        super().__init__(get)
        self._breakers = breakers
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """One family for each figure."""
        stats = dict(self._get())
        yield from _counters(stats)
        yield from _holding(stats)
        yield from self._standing(stats)

    def _standing(self, stats: Mapping[str, BreakerStats]) -> Iterable[Metric]:
        """How many breakers are in which state: 0 or 1 for each that has a name of its own."""
        state = GaugeMetricFamily(
            "sidecar_breaker_state",
            "1 for the state that a breaker is in; `other` counts all that are not named.",
            labels=["upstream", "breaker", "state"],
        )
        forced = GaugeMetricFamily(
            "sidecar_breaker_forced",
            "1 for a breaker whose state somebody has set by hand.",
            labels=["upstream", "breaker"],
        )
        found: dict[tuple[str, str], Counter[str]] = {}
        for upstream, key, breaker in self._breakers():
            if upstream in stats:
                counts = found.setdefault((upstream, stats[upstream].label(key)), Counter())
                counts.update(_standing_of(breaker, self._now()))
        for names, counts in found.items():
            for each in _STATES:
                state.add_metric([*names, each], counts[each])
            forced.add_metric(list(names), counts["forced"])
        yield from (state, forced)


def _standing_of(breaker: Breaker, now: float) -> Iterable[str]:
    force = breaker.forced(now)
    if force in ("open", "closed"):
        return (force, "forced")
    return (breaker.state, "forced") if force else (breaker.state,)


def _counters(stats: Mapping[str, BreakerStats]) -> Iterable[Metric]:
    transitions = CounterMetricFamily(
        "sidecar_breaker_transitions",
        "Changes of a breaker's state.",
        labels=["upstream", "breaker", "from", "to"],
    )
    refused = CounterMetricFamily(
        "sidecar_breaker_refused", "Calls that were not sent.", labels=["upstream", "reason"]
    )
    unenforced = CounterMetricFamily(
        "sidecar_breaker_unenforced",
        "Calls that were sent only because the breaker observes.",
        labels=["upstream"],
    )
    for upstream, each in stats.items():
        for change, count in dict(each.transitions).items():
            transitions.add_metric([upstream, *change], count)
        for why, count in dict(each.refused).items():
            refused.add_metric([upstream, why], count)
        unenforced.add_metric([upstream], each.unenforced)
    yield from (transitions, refused, unenforced)


def _holding(stats: Mapping[str, BreakerStats]) -> Iterable[Metric]:
    seconds = SummaryMetricFamily(
        "sidecar_breaker_hold_seconds",
        "How long calls waited for a breaker, and how many did.",
        labels=["upstream"],
    )
    waiting = GaugeMetricFamily(
        "sidecar_breaker_held_exchanges", "Calls that wait for a breaker.", labels=["upstream"]
    )
    for upstream, each in stats.items():
        seconds.add_metric([upstream], each.held, each.held_seconds)
        waiting.add_metric([upstream], each.held_now)
    yield from (seconds, waiting)
