"""Decides how long an unused upstream connection can be trusted.

A pure core: it takes ages and answers; connections and clocks are the pool's.
"""

from dataclasses import dataclass

_MARGIN = 1.0
"""Seconds that a connection is dropped before the upstream is expected to drop it."""


@dataclass(slots=True)
class IdleLimit:
    """How long a connection may have been idle and still be used.

    The configured limit is shortened by what the upstream says (`Keep-Alive: timeout=5`) and by
    what it does: a connection that it closed after n idle seconds says the same.
    """

    configured: float
    unsafe: float
    """The limit for requests that must not be sent twice."""
    announced: float | None = None
    observed: float | None = None

    def announce(self, timeout: float) -> None:
        """The upstream said when it closes idle connections (seconds)."""
        self.announced = timeout

    def observe_close(self, idle_for: float) -> None:
        """The upstream closed a connection that was idle for `idle_for` seconds."""
        if idle_for < self.configured:
            self.observed = min(idle_for, self.observed or idle_for)

    @property
    def limit(self) -> float:
        """Seconds after which an idle connection is closed."""
        known = [bound for bound in (self.announced, self.observed) if bound is not None]
        return min([self.configured, *(max(bound - _MARGIN, bound / 2) for bound in known)])

    def usable(self, idle_for: float, *, safe: bool) -> bool:
        """Whether a connection that was idle for `idle_for` seconds may carry a request.

        Args:
            idle_for: seconds since its last response was complete.
            safe: whether the request may be sent again if the connection turns out to be dead.
        """
        return idle_for < (self.limit if safe else min(self.unsafe, self.limit / 2))
