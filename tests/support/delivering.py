"""The delivery half around a fake spool, with an upstream that a test scripts, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sidecar.config.queue import Queue, Schedule
from sidecar.core.keys import KeyTemplate
from sidecar.core.paths import compile_path
from sidecar.core.queueing import Digests
from sidecar.delivering.feed import Feed
from sidecar.delivering.intake import Intake
from sidecar.delivering.rule import Rule
from sidecar.delivering.settling import Settling
from sidecar.delivering.telling import Ended, Outlet, Telling
from sidecar.delivering.upkeep import Upkeep
from sidecar.delivering.worker import Worker
from sidecar.errors import Rejected
from sidecar.exchange import Exchange, Response
from sidecar.judgement import Judgement
from sidecar.spool import Place
from sidecar.telemetry.delivery_stats import DeliveryStats
from tests.support.builders import exchange, request, response
from tests.support.fake_spool import FakeSpool
from tests.support.virtual_time import VirtualClock

KINDS = {200: "done", 400: "permanent", 500: "ambiguous", 503: "refused"}
Act = Callable[[Exchange], Awaitable[Response]]


def rule_of(queue: Queue, route: str = "default", *, harmless: bool = False) -> Rule:
    """The rule of a route of the upstream `api`."""
    expression = compile_path("/**")
    return Rule(
        place=Place("api", route),
        queue=queue,
        order=KeyTemplate(queue.order, expression, b"s") if queue.order else None,
        digests=Digests(queue.dedup, b"s"),
        total=10.0,
        is_harmless=lambda _headers: harmless,
    )


class World:
    """All of it. `acts` says what the upstream does with one delivery after the other."""

    def __init__(self, *acts: int | BaseException | Act, **settings: Any) -> None:
        harmless = settings.pop("harmless", False)
        settings.setdefault("mode", "always")
        settings.setdefault("schedule", Schedule(base=10.0, growth=2.0, cap=100.0))
        self.acts = list(acts)
        self.sent: list[tuple[float, bytes]] = []
        """When which body went out."""
        self.exchanges: list[Exchange] = []
        self.told: list[Ended] = []
        self.clock = VirtualClock()
        self.spool = FakeSpool()
        self.stats = DeliveryStats()
        self.rule = rule_of(Queue(**settings), harmless=harmless)
        self.outlets: dict[Place, Outlet] = {}
        self.add_route(self.rule, self.stats)
        self.feed = Feed(self.spool)
        self.telling = Telling(self.outlets, self.feed.ring, [self.told.append])
        self.settling = Settling(self.spool, self.telling, self.clock)
        self.worker = Worker(self.spool, self.outlets, self.settling, self.clock, lambda: 0.0)
        self.upkeep = Upkeep(
            self.spool,
            self.outlets,
            self.settling,
            self.clock,
            draw=lambda: 0.0,
            retention=3600.0,
            wake=self.worker.wake,
        )
        self.intake = Intake(self.spool, self.clock, self.worker.wake)

    def add_route(self, rule: Rule, stats: DeliveryStats | None = None) -> None:
        """Another route of the same upstream."""
        self.outlets[rule.place] = Outlet(rule, self.upstream, stats or DeliveryStats())

    async def upstream(self, subject: Exchange) -> Response:
        """The chain below: passes the fence, as the real one does, and acts as scripted."""
        act = self.acts.pop(0) if self.acts else 200
        self.exchanges.append(subject)
        if not isinstance(act, int | BaseException):
            return await act(subject)
        if isinstance(act, Rejected):
            raise act  # what is not let out does not come to the fence
        await self.pass_fence(subject)
        if isinstance(act, BaseException):
            if not getattr(act, "sent", True):
                subject.timeline.sent_at = 0.0
                self.sent.pop()
            raise act
        answer = response(act, b'{"ok":1}', [(b"Content-Type", b"application/json")])
        kind: Any = KINDS[act]
        answer.judgement = Judgement("ignore", kind, f"http_{act}")
        return answer

    async def pass_fence(self, subject: Exchange) -> None:
        """Write it down, and send it."""
        assert subject.before_send is not None
        await subject.before_send()
        subject.timeline.sent_at = self.clock.now() + 1e-9
        body = subject.request.body.known() if subject.request.body else b""
        self.sent.append((self.clock.now(), body or b""))

    async def accept(self, body: bytes = b"m", *headers: tuple[bytes, bytes], **more: Any) -> str:
        """One call of the application; the id of its delivery."""
        subject = exchange(request("POST", more.pop("target", "/x"), list(headers), body))
        rule = more.pop("rule", self.rule)
        answer = await self.intake.accept(subject, rule, body, self.stats, asked=False)
        return dict(answer.headers)[b"X-Sidecar-Delivery"].decode()

    def state(self, delivery: str) -> tuple[str, str]:
        """How one stands, and why."""
        found = self.spool[delivery]
        return found.state, found.reason

    async def run(self, seconds: float) -> None:
        """Let the worker work so long; the upstream's acts take no time."""
        self.worker.start()
        await asyncio.sleep(seconds)
        await self.worker.close()


def after(seconds: float, status: int = 200) -> Callable[[World, Exchange], Awaitable[Response]]:
    """The upstream answers after a while."""

    async def act(world: World, subject: Exchange) -> Response:
        await world.pass_fence(subject)
        await asyncio.sleep(seconds)
        answer = response(status, b"late")
        answer.judgement = Judgement("success", "done", "ok")
        return answer

    return act


def slow(world: World, seconds: float) -> Act:
    """One delivery of `world` that is answered after so many seconds."""
    return lambda subject: after(seconds)(world, subject)
