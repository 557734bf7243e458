"""An upstream whose answers come when the test says so, behind the limit layer."""

import asyncio
import re
from typing import Any

from sidecar.config.limit import Limit, Priority
from sidecar.core.keys import KeyTemplate
from sidecar.core.limit import Limiter
from sidecar.exchange import Exchange, RawHeaders, Response, stack
from sidecar.layers.limit import Gate, Parts, limit
from sidecar.telemetry.limit_stats import LimitStats
from tests.support.builders import exchange, request
from tests.support.clock import FakeClock

NEVER = 60.0
"""A wait that no test sees the end of."""


class Limited:
    """The layer with all that it works with; one call in flight where nothing else is said."""

    def __init__(
        self, *, priority: Priority = "interactive", lanes: str | None = None, **settings: Any
    ) -> None:
        config = Limit(**{"inflight": 1, "max_wait": NEVER, **settings})
        self.clock = FakeClock(start=100.0)
        self.limiter = Limiter(config)
        self.stats = LimitStats(self.limiter)
        self.gate = Gate(self.limiter, self.stats, self.clock)
        header = config.priority_header.lower().encode() if config.priority_header else None
        template = None if lanes is None else KeyTemplate(lanes, re.compile(".*"), b"secret")
        self.handler = stack(limit(Parts(self.gate, priority, header, template)), on=self._upstream)
        self.arrived: list[str] = []
        self.answers: list[asyncio.Future[Response]] = []

    async def _upstream(self, subject: Exchange, /) -> Response:
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.arrived.append(subject.id)
        self.answers.append(answer)
        subject.timeline.sent_at = self.clock.now()
        result = await answer
        subject.timeline.first_byte_at = self.clock.now()
        return result

    async def call(
        self, name: str = "x", *, headers: RawHeaders | None = None, left: float = NEVER
    ) -> tuple[asyncio.Future[Response], Exchange]:
        """Begin a call, and let everything run that is ready to."""
        subject = exchange(request(headers=headers), deadline=100.0 + left)
        subject.id = name
        task = asyncio.ensure_future(self.handler(subject))
        await settle()
        return task, subject

    async def answer(self, place: int, answer: Response) -> Response:
        """The upstream answers the call that arrived as number `place`."""
        self.answers[place].set_result(answer)
        await settle()
        return answer

    async def fail(self, place: int, error: Exception) -> None:
        """There is no answer to the call that arrived as number `place`."""
        self.answers[place].set_exception(error)
        await settle()


async def settle() -> None:
    """Let everything run that is ready to."""
    for _ in range(6):
        await asyncio.sleep(0)
