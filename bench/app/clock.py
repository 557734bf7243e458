"""The workload's time: one second of it takes `scale` real ones, from an instant that all share."""

import asyncio
import time


class Clock:
    """Compressed time.

    Args:
        epoch: when the workload's time is 0, on the machine's monotonic clock.
        scale: real seconds for one of the workload: 1, or 0.1 for ten times as fast.
    """

    def __init__(self, epoch: float, scale: float) -> None:
        self._epoch = epoch
        self.scale = scale

    def now(self) -> float:
        """Seconds of the workload; negative before it begins."""
        return (time.monotonic() - self._epoch) / self.scale

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of the workload."""
        await asyncio.sleep(max(0.0, seconds * self.scale))

    async def until(self, at: float) -> None:
        """Sleep until `at`."""
        await self.sleep(at - self.now())
