"""Ends tasks surely: one that was cancelled may go on, where a library took its cancellation.

It happens where a time limit and the cancellation meet (`asyncio.timeout` in a client of Redis).
"""

import asyncio
from typing import Any

_AGAIN = 0.5
"""Seconds after which a task that goes on is cancelled once more."""


async def end(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel them, and wait until all have ended, however. What they raised is dropped."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)
