"""Waiting for a connection: "something changed", and "this took too long".

The smallest things that serve: a future only while somebody waits, a timer only while one runs.
"""

import asyncio
from collections.abc import Callable

from sidecar.core.allowance import Allowance

_NEARLY = 0.001
"""Seconds that a loop may round off."""


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
    """One timer at a time; arming it again replaces what ran.

    Nearly all are stopped long before they fire, and setting one of the loop's costs more than all
    else here. So the loop's is left running, and looks when it fires what is due by then. What is
    due may come early by the milliseconds that the loop's current turn has lasted.
    """

    __slots__ = ("_allowance", "_due", "_expired", "_fires_at", "_handle", "_loop", "_waiting_for")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, expired: Callable[[Allowance, str], None]
    ) -> None:
        self._loop = loop
        self._expired = expired
        self._handle: asyncio.TimerHandle | None = None
        self._fires_at = 0.0
        self._due = 0.0
        self._allowance: Allowance | None = None
        self._waiting_for = ""

    def arm(self, allowance: Allowance, waiting_for: str) -> None:
        """Call `expired(allowance, waiting_for)` when the allowance has passed."""
        self._allowance, self._waiting_for = allowance, waiting_for
        self._due = self._loop.time() + allowance.seconds
        if self._handle is None or self._due < self._fires_at:
            self._cancel()
            self._set(allowance.seconds)

    def disarm(self) -> None:
        """Stop it."""
        self._allowance = None

    def close(self) -> None:
        """Let nothing of it stay with the loop; what is armed does not come any more.

        Whom it would tell is forgotten: he knows his timer, and no cycle stays.
        """
        self._cancel()
        self._expired = _nobody

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self, seconds: float) -> None:
        self._fires_at = self._due
        self._handle = self._loop.call_later(seconds, self._fire)

    def _fire(self) -> None:
        self._handle = None
        allowance, left = self._allowance, self._due - self._loop.time()
        if allowance is None:
            return
        if left > _NEARLY:
            self._set(left)
        else:
            self._allowance = None
            self._expired(allowance, self._waiting_for)


def _nobody(_allowance: Allowance, _waiting_for: str) -> None:
    """In place of one that is gone."""
