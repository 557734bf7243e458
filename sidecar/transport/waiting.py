"""Waiting for a connection: "something changed", and "this took too long".

The smallest things that serve: a future only while somebody waits, a timer only while one runs.
"""

import asyncio
from collections.abc import Callable

from sidecar.core.allowance import Allowance


class Signal:
    """One waiter, woken by `set`; a `set` without a waiter is forgotten."""

    __slots__ = ("_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None

    async def wait(self, seconds: float | None = None) -> None:
        """Return at the next `set`, or after `seconds`; the caller looks at what is true then."""
        future = self._future = self._loop.create_future()
        timer = None if seconds is None else self._loop.call_later(seconds, self.set)
        try:
            await future
        finally:
            self._future = None
            if timer is not None:
                timer.cancel()

    def set(self) -> None:
        """Wake whoever waits."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Timer:
    """One timer at a time; arming it again replaces what ran."""

    __slots__ = ("_expired", "_handle", "_loop")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, expired: Callable[[Allowance, str], None]
    ) -> None:
        self._loop = loop
        self._expired = expired
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, allowance: Allowance, waiting_for: str) -> None:
        """Call `expired(allowance, waiting_for)` when the allowance has passed."""
        self.disarm()
        self._handle = self._loop.call_later(
            allowance.seconds, self._expired, allowance, waiting_for
        )

    def disarm(self) -> None:
        """Stop it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
