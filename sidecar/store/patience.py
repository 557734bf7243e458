"""Waiting for what may not end, even when it is told to.

redis-py goes on after a cancellation that meets it between two of its steps; then a plain
`asyncio.timeout` lasts longer than it says, and a client that leaves does not get away.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Patience:
    """Runs operations beside their caller, who is free again in time whatever they do."""

    def __init__(self) -> None:
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def within(self, seconds: float, operation: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the operation gives.

        Raises:
            TimeoutError: nothing, within `seconds`; it was told to end.
        """
        task = asyncio.create_task(operation())
        try:
            await asyncio.wait((task,), timeout=seconds)
        except asyncio.CancelledError:
            self._abandon(task)
            raise
        if not task.done():
            self._abandon(task)
            raise TimeoutError
        if task.cancelled():
            raise TimeoutError
        return task.result()

    async def end(self, seconds: float) -> None:
        """Give what was abandoned so long to end."""
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=seconds)

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.add(task)
        task.add_done_callback(self._over)
        task.cancel()

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # nobody is interested any more
