"""What somebody has set a breaker to, until when and why."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sidecar.core.breaker.values import Forced, Stage

_MOST_REASON = 200
_STAGES: dict[Forced, Stage] = {
    "open": "forced_open",
    "closed": "forced_closed",
    "observe": "observed",
}


class Force(NamedTuple):
    """A state by hand. It always ends by itself: what is forgotten does no harm for ever."""

    to: Forced
    until: float
    reason: str

    @property
    def stage(self) -> Stage:
        """How that is called."""
        return _STAGES[self.to]


class Hand:
    """Whether, and how, a breaker is forced.

    Args:
        expired: hears when what was forced has ended by itself, and the instant.
    """

    def __init__(self, expired: Callable[[Force, float], None]) -> None:
        self._expired = expired
        self._force: Force | None = None

    def __repr__(self) -> str:
        return f"Hand({self._force.to if self._force else 'off'})"

    def at(self, now: float) -> Force | None:
        """What is forced at this instant."""
        force = self._force
        if force is None or now < force.until:
            return force
        self._force = None
        self._expired(force, now)
        return None

    def peek(self, now: float) -> Force | None:
        """The same without telling anybody that it has ended."""
        return self._force if self._force is not None and now < self._force.until else None

    def set(self, to: Forced, seconds: float, reason: str, now: float) -> Force:
        """Force `to` for `seconds`; the reason is shown, shortened."""
        self._force = Force(to, now + seconds, reason[:_MOST_REASON])
        return self._force

    def clear(self) -> None:
        """Let it be."""
        self._force = None

    def snapshot(self, now: float) -> dict[str, Any] | None:
        """How it stands, for people."""
        force = self.at(now)
        if force is None:
            return None
        left = round(force.until - now, 3)
        return {"state": force.to, "reason": force.reason, "seconds_left": left}
