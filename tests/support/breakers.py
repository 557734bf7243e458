"""A breaker by itself, and one in its layer over an upstream that does what a test says."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from sidecar.clock import Clock
from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker import Breaker, BreakerSet, Permit, Refusal
from sidecar.core.keys import KeyTemplate
from sidecar.errors import AttemptTimeout, ConnectError, Draining, PoolTimeout, Rejected
from sidecar.exchange import Exchange, Layer, Response, stack
from sidecar.judgement import Judgement, Verdict
from sidecar.layers.breaker import Held, Parts, breaker, recheck
from sidecar.telemetry.breaker_stats import BreakerStats
from tests.support.builders import exchange, request, response
from tests.support.virtual_time import VirtualClock

REFUSED = ConnectError("refused", code="connect_error")
DUE = 0.25
"""Seconds after opening for the first time when a probe may go; nothing is drawn."""

Deed: TypeAlias = Response | BaseException
Does: TypeAlias = BaseException | Callable[[], Deed | Awaitable[Deed]]


class Breaking:
    """A breaker, an instant and what it has told."""

    def __init__(self, **config: Any) -> None:
        self.now = 0.0
        self.told: list[tuple[str, str, str]] = []
        self.alarms: list[float] = []
        self.breaker = Breaker(
            Config(**config),
            lambda: 0.0,
            now=0.0,
            notify=lambda transition: self.told.append(transition[:3]),
            alarm=lambda _breaker, seconds: self.alarms.append(seconds),
        )

    def ask(self, *, safe: bool = True) -> Permit | Refusal:
        """What one call is answered."""
        return self.breaker.admit(self.now, safe=safe)

    def permit(self, *, safe: bool = True) -> Permit:
        """The permit of one call, which gets one."""
        answer = self.ask(safe=safe)
        assert isinstance(answer, Permit)
        return answer

    def end(self, verdict: Verdict, **details: Any) -> None:
        """One call begins and ends."""
        self.permit().settle(verdict, self.now, **details)

    def open(self) -> "Breaking":
        """Five failures."""
        for _ in range(5):
            self.end("failure", reason="http_503")
        assert self.breaker.state == "open"
        return self

    def probe(self) -> Permit:
        """Open, and the first probe is under way."""
        self.open()
        self.now += DUE
        return self.permit()

    def recover(self) -> "Breaking":
        """Open and closed again."""
        self.probe().settle("success", self.now)
        assert self.breaker.state == "closed"
        return self


class Ticket:
    """One call in a line, without a future."""

    def __init__(self, *, safe: bool = True) -> None:
        self.safe = safe
        self.answers: list[Permit | Refusal] = []
        self.gone = False

    def is_waiting(self) -> bool:
        """Until it is answered or has gone."""
        return not self.answers and not self.gone

    def answer(self, answer: Permit | Refusal) -> None:
        """Remember it."""
        self.answers.append(answer)


def kind(answer: Permit | Refusal) -> str:
    """Why it is refused, or `probe` or `call`."""
    return answer.why if isinstance(answer, Refusal) else "probe" if answer.probe else "call"


def judged(status: int = 200, wait: float | None = None) -> Response:
    """A response of the upstream as the layers below hand it up."""
    answer = response(status)
    verdict: Verdict = "failure" if status >= 500 else "ignore" if status >= 400 else "success"
    answer.judgement = Judgement(verdict, "done", f"http_{status}", wait)
    return answer


async def hang() -> Response:
    """Never answer."""
    await asyncio.Event().wait()
    return judged()


async def after(seconds: float, answer: Response) -> Response:
    """Answer later."""
    await asyncio.sleep(seconds)
    return answer


class Guarded:
    """The layer, and the recheck, over an upstream that does what `does` says."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        between: Layer | None = None,
        key: str = "upstream",
        **config: Any,
    ) -> None:
        self.clock: Any = clock or VirtualClock()
        self.calls: list[tuple[float, str]] = []
        """Instant and method of what reached the upstream."""
        self.does: Does = judged
        settings = Config(key=key, **config)
        self.held = Held(self.clock)
        self.stats = BreakerStats("api")
        self.set = BreakerSet(
            "api",
            settings,
            lambda: 0.0,
            now=self.clock.now(),
            notify=self.stats.transitioned,
            alarm=self.held.alarm,
        )
        template = KeyTemplate(key, re.compile(r"/(?P<model>\w*)"), b"secret")
        parts = Parts(self.set, template, settings, self.held, self.stats, self.clock)
        self.handler = stack(breaker(parts), between, recheck(self.clock), on=self.upstream)
        self.last: Exchange = exchange()
        self.refused: Rejected | None = None

    async def upstream(self, subject: Exchange, /) -> Response:
        """What is below the layers."""
        self.calls.append((round(self.clock.now(), 3), subject.request.method))
        answer = self.does if isinstance(self.does, BaseException) else self.does()
        if not isinstance(answer, Response | BaseException):
            answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def breaker(self) -> Breaker:
        """The upstream's, where there is one only."""
        return self.set.at("api", self.clock.now())

    async def call(self, method: str = "GET", left: float = 30.0, target: str = "/") -> int | str:
        """The status, or the code of the error."""
        now = self.clock.now()
        self.last = exchange(request(method, target), deadline=now + left)
        try:
            return (await self.handler(self.last)).status
        except Rejected as error:
            self.refused = error
            return error.code
        except (ConnectError, AttemptTimeout, PoolTimeout, Draining) as error:
            return error.code

    async def open(self) -> None:
        """Five failures."""
        self.does = REFUSED
        for _ in range(5):
            assert await self.call() == "connect_error"
        assert self.breaker.state == "open"
        self.calls.clear()

    def start(self, *methods: str) -> list["asyncio.Task[int | str]"]:
        """A task for each call."""
        return [asyncio.create_task(self.call(method)) for method in methods]
