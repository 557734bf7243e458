"""The log level, forced by hand for a while: it goes back by itself.

Knows nothing of who asks.
"""

import asyncio

from sidecar.clock import Clock
from sidecar.telemetry import logs
from sidecar.telemetry.lines import Level


class LogLevels:
    """The configured level, and one that is in force instead of it until its time is over.

    Args:
        configured: as the configuration says.
        clock: for what people are told; the timer is the event loop's.
    """

    def __init__(self, configured: Level, clock: Clock) -> None:
        self.configured = configured
        self._clock = clock
        self._forced: Level | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<LogLevels {self.level}, configured {self.configured}>"

    @property
    def level(self) -> Level:
        """The one in force."""
        return self._forced or self.configured

    def force(self, level: Level, seconds: float) -> None:
        """Have it in force for so long. What was forced before ends now."""
        self._cancel()
        self._forced, self._until = level, self._clock.now() + seconds
        logs.force_level(level)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def reset(self) -> None:
        """Be as configured. Idempotent."""
        self._cancel()
        if self._forced is not None:
            self._forced = None
            logs.force_level(None)

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        left = None if self._forced is None else max(0.0, self._until - self._clock.now())
        return {
            "level": self.level,
            "configured": self.configured,
            "seconds_left": None if left is None else round(left, 3),
            "until": None if left is None else round(self._clock.wall() + left, 3),
        }

    def _expire(self) -> None:
        logs.audit("log_level", level_was=self.level, level_is=self.configured)
        self.reset()

    def _cancel(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
