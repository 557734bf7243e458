"""A route with paces, in front of an upstream that answers as a test says."""

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any

from sidecar.config.pace import Pace
from sidecar.core.keys import KeyTemplate
from sidecar.core.pace import Lanes
from sidecar.exchange import Exchange, Handler, Response, stack
from sidecar.judgement import Judgement
from sidecar.layers.pace import Paced, Waiting, pace
from sidecar.telemetry.pace_stats import PaceStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.stepped_clock import SteppedClock

PATH = re.compile(r"/v23.0/(?P<phone_number_id>[^/]+)/messages")
NUMBER = Pace(80.0, burst=80, key="phone_number_id")
PAIR = Pace(1 / 6, burst=45, key="phone_number_id+$.to", max_wait=20.0)

DONE = Judgement("success", "done", "ok")
TOO_FAST = Judgement("ignore", "refused", "graph_130429", scope="phone_number")
PAIR_LIMIT = Judgement("ignore", "refused", "graph_131056", 1.0, "recipient", None, 4.0)


def message(to: str = "1", number: str = "n1", deadline: float = float("inf")) -> Exchange:
    """A message from a number to a recipient."""
    body = json.dumps({"to": to, "type": "text"}).encode()
    return exchange(request("POST", f"/v23.0/{number}/messages", body=body), deadline=deadline)


class World:
    """The calls through the paces, and what reached the upstream when."""

    def __init__(
        self,
        *paces: Pace,
        judgements: Iterable[Judgement | Exception] = (),
        clock: SteppedClock | FakeClock | None = None,
    ) -> None:
        self.clock: Any = clock or SteppedClock()
        self.start: float = self.clock.now()
        self.judgements = list(judgements)
        self.sent: list[tuple[float, str]] = []
        """Instants since the start, and recipients."""
        self.paced = [
            Paced(Lanes(each), KeyTemplate(each.key, PATH, b"secret"), PaceStats())
            for each in paces
        ]
        self.waiting = Waiting(self.clock)
        self.handler: Handler = stack(pace(self.paced, self.waiting), on=self._upstream)
        self.subjects: list[Exchange] = []
        self.tasks: list[asyncio.Future[Response]] = []

    async def _upstream(self, subject: Exchange, /) -> Response:
        assert subject.request.body is not None
        to = json.loads(subject.request.body.known() or b"")["to"]
        self.sent.append((round(self.clock.now() - self.start, 6), to))
        outcome = self.judgements.pop(0) if self.judgements else DONE
        if isinstance(outcome, Exception):
            raise outcome
        answer = response(200 if outcome is DONE else 400)
        answer.judgement = outcome
        return answer

    def call(self, *args: Any, **settings: Any) -> "asyncio.Future[Response]":
        """Begin a call; `message` says what with."""
        subject = message(*args, **settings)
        task = asyncio.ensure_future(self.handler(subject))
        self.subjects.append(subject)
        self.tasks.append(task)
        return task

    def times(self, to: str) -> list[float]:
        """When something was sent to a recipient."""
        return [at for at, recipient in self.sent if recipient == to]

    @property
    def stats(self) -> list[PaceStats]:
        """The figures of each pace."""
        return [each.stats for each in self.paced]

    async def end(self) -> list[Response | BaseException]:
        """Cut off whoever still waits; what came of all."""
        for task in self.tasks:
            task.cancel()
        return await asyncio.gather(*self.tasks, return_exceptions=True)
