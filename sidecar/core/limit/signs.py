"""Decides what the outcome of a call says about how loaded the upstream is.

Another question than whose fault it was: that is a dialect's, for the breaker and for repetitions.
"""

from dataclasses import dataclass

from sidecar.errors import AttemptTimeout, ConnectTimeout, DeadlineExceeded

_OVERLOAD = frozenset((429, 502, 503, 504))
_NOT_OF_HTTP = 520
"""From here on statuses are those of gateways that do not get an answer (Cloudflare 520-530,
Supabase 540, 544, 546)."""

_PERIOD = 10.0
"""Seconds; `Quickest` remembers the current and the last period."""


def is_overload(status: int) -> bool:
    """Whether an answer says that the upstream, or what is behind it, cannot keep up.

    A 500 does not: it is a fault in the upstream's program, as it may be with one call at a time.
    """
    return status in _OVERLOAD or status >= _NOT_OF_HTTP


def is_too_slow(error: BaseException | None) -> bool:
    """Whether a call ended because the upstream did not answer in time.

    A connection that is refused does not count: nobody was slow, and the breaker sees it.
    """
    if error is None:
        return False
    return isinstance(error, AttemptTimeout | ConnectTimeout | DeadlineExceeded)


def is_measure(status: int) -> bool:
    """Whether the time of this answer is typical: refusals and errors come faster than work."""
    return status < 400


@dataclass(slots=True)
class Quickest:
    """The fastest answer of late: a call with less time left cannot be answered any more."""

    _began: float = float("-inf")
    _before: float = 0.0
    _current: float = float("inf")

    def observe(self, now: float, first_byte: float) -> None:
        """An answer began after `first_byte` seconds."""
        self._turn(now)
        self._current = min(self._current, first_byte)

    def seconds(self, now: float) -> float:
        """Seconds that an answer takes at least; 0 where too little is known."""
        self._turn(now)
        return min(self._before, self._current)

    def _turn(self, now: float) -> None:
        """Begin a new period; what came before the last one is forgotten."""
        if now - self._began >= _PERIOD:
            recent = now - self._began < 2 * _PERIOD and self._current != float("inf")
            self._before = self._current if recent else 0.0
            self._current = float("inf")
            self._began = now
