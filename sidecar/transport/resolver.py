"""Turns an upstream's name into addresses, and keeps the last good answer.

A failing resolver must not take down an upstream whose address has not changed.
"""

import asyncio
import socket
from collections.abc import Sequence

from aiohappyeyeballs import AddrInfoType

from sidecar.clock import Clock
from sidecar.errors import ConnectError
from sidecar.telemetry import logs
from sidecar.telemetry.pool_stats import PoolStats

_PATIENCE = 0.5
"""Seconds that a call waits for a new answer while an old one is known."""


class Resolver:
    """The addresses of one host and port."""

    def __init__(self, host: str, port: int, ttl: float, clock: Clock, stats: PoolStats) -> None:
        self._host = host
        self._port = port
        self._ttl = ttl
        self._clock = clock
        self._answer: Sequence[AddrInfoType] = ()
        self._expires = float("-inf")
        self._lookup: asyncio.Task[Sequence[AddrInfoType]] | None = None
        self._stats = stats
        self._take_literal()
        self._failing = False

    def __repr__(self) -> str:
        return f"<Resolver {self._host}: {len(self._answer)} addresses, failing={self._failing}>"

    def _take_literal(self) -> None:
        """An address needs no look-up, ever."""
        try:
            self._answer = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        except OSError:
            return
        self._expires = float("inf")

    async def addresses(self) -> Sequence[AddrInfoType]:
        """Where to connect, in the resolver's order.

        Raises:
            ConnectError: `dns_error`: the look-up failed and no earlier answer exists.
        """
        now = self._clock.now()
        if self._answer and now < self._expires:
            return self._answer
        if self._lookup is None:
            self._lookup = asyncio.create_task(self._look_up())
            self._lookup.add_done_callback(self._looked_up)
        if self._answer:  # old, but better than none; where it is very old a new one is awaited
            if now >= self._expires + self._ttl:
                await asyncio.wait((self._lookup,), timeout=_PATIENCE)
            return self._answer
        # One look-up for all who wait: none of them may cancel it for the others.
        return await asyncio.shield(self._lookup)

    async def _look_up(self) -> Sequence[AddrInfoType]:
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            self._stats.resolver_failures += 1
            raise ConnectError(
                f"the name {self._host} does not resolve: {error.strerror or error}",
                code="dns_error",
            ) from error
        self._answer = answer
        self._expires = self._clock.now() + self._ttl
        return answer

    def _looked_up(self, task: asyncio.Task[Sequence[AddrInfoType]]) -> None:
        self._lookup = None
        failed = task.cancelled() or task.exception() is not None
        if failed and self._answer:
            # Keep the last good answer, and ask again soon, but not for every call.
            self._expires = self._clock.now() + min(self._ttl, 1.0)
        if failed != self._failing:
            self._failing = failed
            if failed:
                logs.event("resolver_failing", "warning", host=self._host)
            else:
                logs.event("resolver_recovered", host=self._host)

    def close(self) -> None:
        """Forget a look-up that is under way."""
        if self._lookup is not None:
            self._lookup.cancel()
