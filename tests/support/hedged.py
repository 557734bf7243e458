"""Reads that are hedged, at an upstream whose answers a test gives, on a clock that it holds."""

import asyncio
from typing import Any

from sidecar.config.hedge import Hedge
from sidecar.core.budget import Budget
from sidecar.core.hedge import Hedging
from sidecar.errors import UpstreamReset
from sidecar.exchange import Exchange, Response, stack
from sidecar.layers.hedge import Parts, hedge
from sidecar.telemetry.hedge_stats import HedgeStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

RESET = UpstreamReset("reset", code="upstream_reset")


class Sent:
    """One request at the upstream; the test decides how it ends."""

    def __init__(self, subject: Exchange, *, leaves: bool = True) -> None:
        self.exchange = subject
        self.end: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        if leaves:
            subject.timeline.sent_at = 1.0


class World:
    """A route with hedging, and what it sent."""

    def __init__(self, *, healthy: bool = True, leaves: bool = True, **config: Any) -> None:
        self.sent: list[Sent] = []
        self.cancelled: list[Sent] = []
        self.clock = HeldClock()
        self.stats = HedgeStats()
        self.shared = Budget(0.1, 100, 0, 30.0)
        self.leaves = leaves
        config.setdefault("delay", 0.2)
        self.hedging = Hedging(Hedge(enabled=True, **config), self.shared)
        parts = Parts(self.hedging, self.stats, self.clock, lambda _: healthy)
        self.handler = stack(hedge(parts), on=self._upstream)

    async def _upstream(self, subject: Exchange) -> Response:
        sent = Sent(subject, leaves=self.leaves)
        self.sent.append(sent)
        try:
            return await sent.end
        except asyncio.CancelledError:
            self.cancelled.append(sent)
            raise

    async def call(
        self, method: str = "GET", body: bytes | None = None, left: float = 30.0
    ) -> None:
        """Begin a call."""
        self.exchange = exchange(request(method, body=body), deadline=100.0 + left)
        self.calling = asyncio.ensure_future(self.handler(self.exchange))
        await turns()

    async def slow(self, **call: Any) -> None:
        """A call whose first request takes longer than the delay."""
        await self.call(**call)
        self.clock.advance(0.2)
        self.clock.wake()
        await turns()

    @property
    def figures(self) -> tuple[int, int, int, dict[str, int]]:
        """Sent, won, wasted, skipped."""
        return (self.stats.sent, self.stats.won, self.stats.wasted, self.stats.skipped)


class HeldClock(FakeClock):
    """Its sleeps end when the test says so."""

    def __init__(self) -> None:
        super().__init__(start=100.0)
        self.sleeping: list[asyncio.Future[None]] = []

    async def sleep(self, seconds: float) -> None:
        """Until `wake`."""
        self.slept.append(seconds)
        gate = asyncio.get_running_loop().create_future()
        self.sleeping.append(gate)
        try:
            await gate
        finally:
            self.sleeping.remove(gate)

    def wake(self) -> None:
        """End all sleeps."""
        for gate in self.sleeping:
            gate.set_result(None)


async def turns(count: int = 8) -> None:
    """Let everything run that is ready to."""
    for _ in range(count):
        await asyncio.sleep(0)


def tracked(status: int = 200, body: bytes = b"") -> tuple[Response, list[BaseException | None]]:
    """An answer, and how it was closed."""
    answer = response(status, body)
    closed: list[BaseException | None] = []
    answer.on_close(closed.append)
    return answer, closed
