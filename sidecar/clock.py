"""Time as a value that can be replaced: the only place that reads a clock.

Cores never import this: they take `now`. Layers take a Clock.
"""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> float:
        """Monotonic seconds. Only differences mean something."""
        ...

    def wall(self) -> float:
        """Seconds since the Unix epoch, for log lines and HTTP dates."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        ...


class SystemClock:
    """The machine's clocks."""

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` on the event loop."""
        await asyncio.sleep(seconds)
