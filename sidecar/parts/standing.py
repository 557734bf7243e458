"""How the connections, limits and paces of all upstreams stand, for people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sidecar.clock import Clock
from sidecar.parts.observed import Observed

_Row = dict[str, Any]


class Stand:
    """Looks when it is asked.

    Args:
        parts: asked each time: a reload may have replaced them.
        clock: where time comes from.
    """

    def __init__(self, parts: Callable[[], Observed], clock: Clock) -> None:
        self._parts = parts
        self._clock = clock

    def upstreams(self) -> Sequence[str]:
        """The names of all upstreams."""
        return list(self._parts().transports)

    def pools(self) -> list[_Row]:
        """The connections, upstream by upstream."""
        parts = self._parts()
        return [
            {
                "upstream": name,
                "open": stats.open,
                "busy": max(0, stats.open - stats.idle),
                "idle": stats.idle,
                "waiting": stats.waiters,
                "max": parts.config.upstreams[name].pool.max_connections,
                "dials": stats.dials,
                "failed_dials": sum(stats.dial_failures.values()),
                "reused": stats.reused,
                "resent": stats.resent,
                "failures": [
                    {"error": error, "count": count}
                    for error, count in sorted(stats.dial_failures.items())
                ],
                "discarded": [
                    {"reason": reason, "count": count}
                    for reason, count in sorted(stats.discarded.items())
                ],
            }
            for name, transport in parts.transports.items()
            for stats in (transport.pool.stats,)
        ]

    def limits(self) -> list[_Row]:
        """The calls in flight, and what is left of the budget for repetitions."""
        now = self._clock.now()
        return [
            {
                "upstream": name,
                **each.limiter.snapshot(now),
                "retry_budget": each.budget.snapshot(),
            }
            for name, each in self._parts().resilience.items()
        ]

    def paces(self) -> list[_Row]:
        """The rates: a row for each pace, with its keys for which calls wait or that rest."""
        now = self._clock.now()
        return [
            _pace(name, pace.title, lanes.snapshot(now), each.pace_stats[pace.title].waiting)
            for name, each in self._parts().resilience.items()
            for pace, lanes in each.lanes.items()
        ]


def _pace(upstream: str, title: str, snapshot: Mapping[str, Any], waiting: int) -> _Row:
    busy: Mapping[str, Mapping[str, float]] = snapshot["busy"]
    return {
        "upstream": upstream,
        "pace": title,
        **{name: value for name, value in snapshot.items() if name != "busy"},
        "waiting": waiting,
        "busy": [{"key": key, **lane} for key, lane in busy.items()],
    }
