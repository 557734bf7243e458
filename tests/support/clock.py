"""A Clock whose time moves only when a test, or a sleep, moves it."""

import asyncio


class FakeClock:
    """Starts at `start`; `sleep` advances it at once and remembers the wait."""

    def __init__(self, start: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._now = start
        self._offset = wall - start
        self.slept: list[float] = []

    def now(self) -> float:
        """The test's instant."""
        return self._now

    def wall(self) -> float:
        """The test's instant as seconds since the epoch."""
        return self._now + self._offset

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        """Pass the time without waiting; other tasks get a turn."""
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)
