"""Answers the calls that still wait when the sidecar stops, instead of cutting them off.

Just inside of what observes: whatever they wait for below, a breaker, a turn, the next attempt, is
left by cancellation, and that is turned into an answer here.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sidecar.errors import Draining
from sidecar.exchange import Exchange, Handler, Layer, Response

_WORD = "the sidecar is shutting down"


@dataclass(slots=True, eq=False)
class Ending:
    """The calls under way that have no response yet, of all routes."""

    _calls: set[asyncio.Task[Any]] = field(default_factory=set)

    def __repr__(self) -> str:
        return f"<Ending {len(self._calls)} under way>"

    def give_up(self) -> None:
        """Let none of them wait any longer."""
        for task in tuple(self._calls):
            task.cancel(_WORD)

    def layer(self) -> Layer:
        """The layer of a route."""
        return lambda next_: _EndingLayer(next_, self._calls)


@dataclass(slots=True, eq=False)
class _EndingLayer:
    next: Handler
    calls: set[asyncio.Task[Any]]
    loop: asyncio.AbstractEventLoop | None = None
    """Kept because Python 3.11 asks the kernel for the process's id whenever it looks for it."""

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; answer a call that is given up."""
        if self.loop is None:
            self.loop = asyncio.get_running_loop()
        task = asyncio.current_task(self.loop)
        assert task is not None
        self.calls.add(task)
        try:
            return await self.next(exchange)
        except asyncio.CancelledError as error:
            if error.args != (_WORD,):
                raise
            task.uncancel()
            raise Draining(_WORD, sent=exchange.timeline.sent_at > 0) from None
        finally:
            self.calls.discard(task)
            del task  # a task that is cancelled keeps this frame: it would keep itself
