"""Writes a line for each upstream every minute, so that the log alone tells how each does.

What the line says is decided in `telemetry/summary_line.py`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sidecar.clock import Clock
from sidecar.core.summary_windows import WINDOWS
from sidecar.tasks import end
from sidecar.telemetry import logs
from sidecar.telemetry.summary_line import summary_fields

_log = logging.getLogger("sidecar.fault")


class SummaryLines:
    """Writes them until it is closed.

    Args:
        summary: the summary of a window, as `parts.overview.Overview.summary` makes it.
        window: one of WINDOWS, which is how often they are written; anything else is never.
        clock: where time comes from.
    """

    def __init__(
        self, summary: Callable[[str], Awaitable[Mapping[str, Any]]], window: str, clock: Clock
    ) -> None:
        self._summary = summary
        self._window = window
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        if self._window in WINDOWS and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(WINDOWS[self._window]))

    async def close(self) -> None:
        """Write no more. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    async def write(self) -> None:
        """The lines of now; upstreams without calls have none."""
        for fields in summary_fields(await self._summary(self._window)):
            logs.event("summary", "info", **fields)

    async def _run(self, seconds: float) -> None:
        while True:
            await self._clock.sleep(seconds)
            try:
                await self.write()
            except Exception:
                _log.exception("a summary line failed")
