"""A drill layer on an upstream that answers when a test says, on a fake clock."""

from typing import Any

from sidecar.config import Timeouts
from sidecar.core.drills import Order
from sidecar.drilling import Drilling
from sidecar.exchange import Exchange, Response, stack
from sidecar.faults import FAULTS, Reply
from sidecar.layers.drill import drill
from sidecar.telemetry.drill_stats import DrillStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

REPLIES = [name for name, fault in FAULTS.items() if isinstance(fault.act(), Reply)]


class World:
    """A drill layer on a fake upstream that answers `body` after `takes` seconds."""

    def __init__(
        self,
        fault: str | None = None,
        *,
        body: bytes = b"0123456789",
        takes: float = 0.0,
        timeouts: Timeouts | None = None,
        **order: Any,
    ) -> None:
        self.clock = FakeClock(start=100.0)
        self.numbers = [0.5]
        self.drilling = Drilling(self.clock, DrillStats(), lambda: self.numbers[0])
        self.calls = 0
        self.closed: list[BaseException | None] = []
        self.answer = response(200, body, [(b"Content-Length", b"%d" % len(body))])
        self.answer.on_close(self.closed.append)
        self.takes = takes
        self.timeouts = timeouts or Timeouts()
        self.handler = stack(drill(self.drilling, self.timeouts), on=self._upstream)
        if fault:
            self.drilling.start(Order(fault, "api", **order))

    async def _upstream(self, subject: Exchange) -> Response:
        self.calls += 1
        subject.timeline.sent_at = self.clock.now()
        self.clock.advance(self.takes)
        subject.timeline.first_byte_at = self.clock.now()
        return self.answer

    async def call(
        self, method: str = "GET", body: bytes | None = None, left: float = 30.0
    ) -> Response:
        """One call; the drills end with it."""
        self.exchange = exchange(request(method, body=body), deadline=self.clock.now() + left)
        try:
            return await self.handler(self.exchange)
        finally:
            self.drilling.close()
