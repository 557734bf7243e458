"""Decides who may probe, and when: one call at a time, a safe one first."""

from sidecar.config.breaker import Breaker as BreakerConfig
from sidecar.core.breaker.permit import Permit

_PATIENCE = 0.1
"""Seconds by which a call that must not be done twice comes later: a harmless one may come along,
and a probe is more likely to fail than other calls. Short, for upstreams that get nothing else."""


class Probing:
    """What happens between opening and closing.

    Args:
        config: the breaker's.
        opens_until: the instant before which nobody may probe.
    """

    def __init__(self, config: BreakerConfig, opens_until: float) -> None:
        self.opens_until = opens_until
        self._timeout = config.probe_timeout
        self._left = config.probes
        self._probe: Permit | None = None
        self._sent_at = 0.0

    def __repr__(self) -> str:
        return f"Probing({self._probe!r}, {self._left} to go)"

    def wait(self, now: float, *, safe: bool) -> float | None:
        """None if a call may probe now; else the seconds until it is worth asking again."""
        due = self.opens_until if safe else self.opens_until + _PATIENCE
        if self._probe is not None:
            due = max(due, self._sent_at + self._timeout)
        return due - now if now < due else None

    def take(self, permit: Permit, now: float) -> None:
        """This call probes; one that was sent before has lost its turn."""
        if self._probe is not None:
            self._probe.lost = True
        self._probe, self._sent_at = permit, now

    def give_back(self, permit: Permit) -> bool:
        """The call has ended; False if it had lost its turn."""
        if self._probe is not permit:
            return False
        self._probe = None
        return True

    def succeeded(self) -> bool:
        """One probe went well; whether that was enough."""
        self._left -= 1
        return self._left <= 0
