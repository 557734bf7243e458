"""A Clock on which many tasks sleep at once; its time moves when a test lets it."""

import asyncio
import heapq
import itertools


class SteppedClock:
    """Starts at `start`. Whoever sleeps wakes in the order of time, then of falling asleep."""

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    def now(self) -> float:
        """The test's instant."""
        return self._now

    def wall(self) -> float:
        """The same, as if the epoch had begun with it."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has let so much time pass."""
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._number), future))
        await future

    async def pass_(self, seconds: float) -> None:
        """Let `seconds` pass; everybody who wakes in between acts at the instant of waking."""
        end = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self._now = max(self._now, at)
                future.set_result(None)
                await settle()
        self._now = end

    @property
    def asleep(self) -> int:
        """How many sleep now."""
        return sum(not future.done() for _, _, future in self._sleepers)


async def settle() -> None:
    """Let all tasks do what they can do without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)
