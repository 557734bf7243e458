"""Waits for something that must not be forgotten where the wait is cancelled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def kept(doing: Coroutine[Any, Any, T], undo: Callable[[T], None]) -> T:
    """What it returns. Where the wait is cancelled, it is done all the same, and then undone.

    Args:
        doing: goes on until its end.
        undo: called with what that returned, when nobody takes it any more.
    """
    task = asyncio.ensure_future(doing)

    def forgotten(done: "asyncio.Future[T]") -> None:
        if not done.cancelled() and done.exception() is None:
            undo(done.result())

    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(forgotten)
        raise
