"""Sees whether another process writes into a file that is shared, where there are no messages.

As long as none does, nothing need be looked up. What was written, it does not know.
"""

import asyncio
from collections.abc import Awaitable, Callable

from sidecar.clock import Clock
from sidecar.core.cache.hearing import Hearing
from sidecar.tasks import end


class Watch:
    """Looks at the file every second, or more often.

    Args:
        version: another number when another process has written; None where nobody can say.
        hearing: is told how far nothing was written.
        clock: its wall clock.
    """

    def __init__(
        self, version: Callable[[], Awaitable[int | None]], hearing: Hearing, clock: Clock
    ) -> None:
        self._version = version
        self._hearing = hearing
        self._clock = clock
        self._last: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._seconds = hearing.interval

    def __repr__(self) -> str:
        return f"<Watch {self._hearing!r}>"

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="store watch")

    async def look(self) -> None:
        """Look once."""
        wall = self._clock.wall()
        found = await self._version()
        if found is None:
            self._last = None
        elif found == self._last:
            self._hearing.heard(wall)
        else:
            self._last = found
            self._hearing.begin(self._clock.wall())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            await end(self._task)

    async def _run(self) -> None:
        while True:
            await self.look()
            await self._clock.sleep(self._seconds)
