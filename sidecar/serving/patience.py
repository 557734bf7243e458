"""How long a connection waits: for a request to begin, and for the rest of one that has begun.

Decides when it has been too long. Knows instants; nothing of bytes.
"""

import asyncio
from collections.abc import Callable

from sidecar.config import Limits


class Patience:
    """The patience with one connection.

    Args:
        loop: whose time it is.
        limits: how long.
        waits: whether the connection waits for anything of the client now.
        over: called once it has been too long.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        waits: Callable[[], bool],
        over: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._limits = limits
        self._waits = waits
        self._over = over
        self._idle_since = loop.time()
        self._head_since: float | None = None
        self._timer = loop.call_later(limits.keep_alive, self._look)

    def wait(self, *, within_head: bool) -> None:
        """The connection waits from now on, or goes on waiting for the rest of a head.

        What comes of a head byte by byte does not make it younger.
        """
        now = self._loop.time()
        if not within_head:
            self._idle_since, self._head_since = now, None
        elif self._head_since is None:
            self._head_since = now
            self._look_in(self._limits.head)

    def begin(self) -> None:
        """A head is whole."""
        self._head_since = None

    def end(self) -> None:
        """Nobody waits any more. Idempotent.

        Whom it would ask and tell is forgotten: they know it, and no cycle stays.
        """
        self._timer.cancel()
        self._waits, self._over = _never, _nobody

    def _look(self) -> None:
        left = self._limits.keep_alive
        if self._waits():
            until = self._idle_since + left
            if self._head_since is not None:
                until = self._head_since + self._limits.head
            left = until - self._loop.time()
            if left <= 0:
                self._over()
                return
        self._look_in(left)

    def _look_in(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(max(seconds, 0.01), self._look)


def _never() -> bool:
    return False


def _nobody() -> None:
    """In place of one that is gone."""
