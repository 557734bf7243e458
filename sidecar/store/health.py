"""Decides when a store that fails is left alone, and for how long. Pure; knows no store.

Not the breaker of upstreams: nobody waits for a store, so there is nothing to hold or to weigh.
"""

_FAILURES = 3
_FIRST = 1.0
_LONGEST = 30.0
_STEADY = 60.0
"""Seconds after which a store that works again counts as sound."""


class Health:
    """Up or down. It begins down; only a probe brings it up."""

    def __init__(self) -> None:
        self.up = False
        self.cooldown = _FIRST
        """Seconds until the next probe."""
        self._failures = 0
        self._said_down = False
        self._since = self._failed_at = float("-inf")

    def __repr__(self) -> str:
        return "up" if self.up else f"down for {self.cooldown:g} s"

    def succeeded(self, now: float) -> None:
        """An operation was answered."""
        self._failures = 0
        if self.up and now - self._since >= _STEADY:
            self.cooldown = _FIRST

    def failed(self, now: float, *, begun: float, for_good: bool = False) -> bool:
        """An operation was not answered; whether it is down from now on.

        Those that fail beside each other count once: a burst may be too much at one time.

        Args:
            now: the instant.
            begun: when the operation began.
            for_good: whether it is known that no other operation would be answered.
        """
        if not self.up or (begun < self._failed_at and not for_good):
            return False
        self._failed_at = now
        self._failures = _FAILURES if for_good else self._failures + 1
        if self._failures < _FAILURES:
            return False
        self.up = False
        recently = now - self._since < _STEADY
        self.cooldown = min(_LONGEST, self.cooldown * 2) if recently else _FIRST
        self._said_down = True
        return True

    def probe_failed(self) -> bool:
        """A probe was not answered; whether that is news. The next one is later."""
        self.cooldown = min(_LONGEST, self.cooldown * 2) if self._said_down else _FIRST
        news, self._said_down = not self._said_down, True
        return news

    def probed(self, now: float) -> bool:
        """A probe was answered; whether it is up from now on."""
        if self.up:
            return False
        self.up, self._failures, self._since, self._said_down = True, 0, now, False
        return True

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        return {"up": self.up, "failures": self._failures, "next_probe_after": self.cooldown}
