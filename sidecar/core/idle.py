"""Decides how long an unused upstream connection can be trusted.

A pure core: it takes ages and instants and answers; connections and clocks are the pool's.
"""

from dataclasses import dataclass

_MARGIN = 1.0
"""Seconds that a connection is dropped before the upstream is expected to drop it."""

_EVIDENCE = 3
"""Closes by the upstream, apart from each other, that say something about its own limit."""

_TOGETHER = 1.0
"""Closes within so many seconds are one: the upstream was restarted, or the network failed."""

_BELIEVED = 60.0
"""Seconds after which what was observed must be observed again."""


@dataclass(slots=True)
class IdleLimit:
    """How long a connection may have been idle and still be used.

    The configured limit is shortened by what the upstream says (`Keep-Alive: timeout=5`) and by
    what it does: closing connections that were idle for n seconds, time after time, says it too.
    """

    configured: float
    unsafe: float
    """The limit for requests that must not be sent twice."""
    announced: float | None = None
    closes: tuple[float, ...] = ()
    """Idle seconds of the connections that the upstream closed last."""
    closed_at: float = float("-inf")
    broken_at: float = float("-inf")
    """When a connection last broke that had been trusted."""

    def announce(self, timeout: float) -> None:
        """The upstream said when it closes idle connections (seconds)."""
        self.announced = timeout

    def observe_close(self, idle_for: float, now: float, *, broke: bool = False) -> None:
        """The upstream closed a connection that was idle for `idle_for` seconds, or it broke."""
        if broke or self.usable(idle_for, now, safe=False):
            self.observe_break(now)
        if idle_for >= self.configured:
            return
        if now - self.closed_at >= _BELIEVED:
            self.closes = ()
        if self.closes and now - self.closed_at < _TOGETHER:
            self.closes = (*self.closes[:-1], max(self.closes[-1], idle_for))
        else:
            self.closes = (*self.closes, idle_for)[-_EVIDENCE:]
        self.closed_at = now

    def observe_break(self, now: float) -> None:
        """A connection broke that was trusted: what breaks one often breaks others of its age.

        Until they have carried something again, they carry nothing that must not be sent twice: a
        new connection that cannot be made leaves no doubt that nothing was sent.
        """
        self.broken_at = now

    def observe_reuse(self, idle_for: float) -> None:
        """A connection that had been idle for `idle_for` seconds was still good."""
        if self.closes and idle_for > max(self.closes):
            self.closes = ()

    def limit(self, now: float) -> float:
        """Seconds after which an idle connection is closed."""
        if self.announced is None and len(self.closes) < _EVIDENCE:
            return self.configured
        bounds = [] if self.announced is None else [self.announced]
        if len(self.closes) == _EVIDENCE and now - self.closed_at < _BELIEVED:
            bounds.append(max(self.closes))
        return min([self.configured, *(max(bound - _MARGIN, bound / 2) for bound in bounds)])

    def usable(self, idle_for: float, now: float, *, safe: bool) -> bool:
        """Whether a connection that was idle for `idle_for` seconds may carry a request.

        Args:
            idle_for: seconds since its last response was complete.
            now: the instant.
            safe: whether the request may be sent again if the connection turns out to be dead.
        """
        limit = self.limit(now)
        if safe:
            return idle_for < limit
        return idle_for < min(self.unsafe, limit / 2, now - self.broken_at)
