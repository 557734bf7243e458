"""What is measured: the cores that each exchange goes through, and whole exchanges.

Each function here makes a subject, which does its work so many times when it is called. All but the
transport is the real code.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from typing import TypeAlias
from unittest.mock import patch

from sidecar.assembly import Assembly
from sidecar.clock import SystemClock
from sidecar.config import Breaker as BreakerConfig
from sidecar.config import Limit, Pace
from sidecar.core.breaker import Breaker, Permit
from sidecar.core.budget import Budget
from sidecar.core.cache.key import KeyRule
from sidecar.core.headers import read_request
from sidecar.core.limit import Limiter
from sidecar.core.limit import Permit as LimitPermit
from sidecar.core.pace import Lanes, Passage
from sidecar.core.repetition import Call, Limits, Repeat, decide
from sidecar.core.routing import RouteTable
from sidecar.exchange import BytesBody, Exchange, RawHeaders, Request, Response, Timeline
from sidecar.judgement import Judgement
from sidecar.loader import loads
from sidecar.telemetry.metrics import Metrics
from sidecar.transport.upstream import UpstreamTransport

Subject: TypeAlias = Callable[[int], None]

_HEADERS: RawHeaders = [
    (b"Host", b"127.0.0.1:8080"),
    (b"User-Agent", b"postgrest-py/2.18.0"),
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"X-Client-Info", b"supabase-py/2.18.0"),
    (b"apikey", b"k" * 120),
    (b"Authorization", b"Bearer " + b"t" * 240),
]
_TARGET = "/rest/v1/messages?select=id,body&order=created_at.desc&limit=20"
_ANSWER: RawHeaders = [
    (b"Content-Type", b"application/json"),
    (b"Content-Range", b"0-19/*"),
    (b"Content-Length", b"1024"),
    (b"Date", b"Mon, 01 Jan 2029 00:00:00 GMT"),
]
_CONFIG = """
listen: { admin: null }
log: { level: error }
upstreams:
  supabase: { preset: supabase, url: "http://127.0.0.1:1" }
  cached: { url: "http://127.0.0.1:1", cache: { ttl: 1h } }
"""


def reference(times: int) -> None:
    """Plain Python of the kind that the hot path is made of; everything is held against it."""
    fields = _HEADERS
    for number in range(times):
        kept = {}
        for name, value in fields:
            lower = name.lower()
            if lower != b"host":
                kept[lower] = value
        total = sum(map(len, kept.values())) + number
        _touch(f"{total}:{len(kept)}")


def _touch(text: str) -> str:
    return text.partition(":")[2]


def budget(_: ExitStack) -> Subject:
    """A good answer, and a repetition of every tenth."""
    subject = Budget(0.1, 100.0, 1.0, 30.0)

    def work(times: int) -> None:
        for number in range(times):
            subject.deposit(number * 0.001)
            if not number % 10:
                subject.withdraw(1.0, number * 0.001)

    return work


def breaker(_: ExitStack) -> Subject:
    """Admitted, and answered well."""

    def work(times: int) -> None:
        subject = Breaker(BreakerConfig(), Random(1).random, now=0.0)
        for number in range(times):
            now = number * 0.001
            permit = subject.admit(now, safe=True)
            assert isinstance(permit, Permit)
            permit.settle("success", now, reason="ok", duration=0.05)

    return work


def limiter(_: ExitStack) -> Subject:
    """Admitted, and given back."""

    def work(times: int) -> None:
        subject = Limiter(Limit(mode="adaptive"))
        for number in range(times):
            now = number * 0.001
            permit = subject.admit(now)
            assert isinstance(permit, LimitPermit)
            permit.release(now, 0.05)

    return work


def pace(_: ExitStack) -> Subject:
    """Through two lanes that are free."""

    def work(times: int) -> None:
        lanes = [Lanes(Pace(rate=10_000.0, burst=1000, key=key)) for key in ("$.to", "upstream")]
        for number in range(times):
            now = number * 0.001
            found = [each.get("4912345678", now) for each in lanes]
            assert Passage(found, now, now + 5.0, _nothing).step(now) is None

    return work


def _nothing() -> None:
    return None


def repetition(_: ExitStack) -> Subject:
    """A 503 of a GET is repeated."""
    judgement = Judgement("failure", "ambiguous", "http_503")
    call, limits, subject = Call("GET", True, False), Limits(3, 10.0), Budget(1.0, 1e9, 1e9, 30.0)

    def work(times: int) -> None:
        for number in range(times):
            found = decide(
                judgement,
                call,
                limits,
                attempt=1,
                backoff=0.05,
                left=5.0,
                budget=subject,
                now=number * 0.001,
            )
            assert isinstance(found, Repeat)

    return work


def head(_: ExitStack) -> Subject:
    """A request's fields."""

    def work(times: int) -> None:
        for _ in range(times):
            read_request(list(_HEADERS))

    return work


def routing(_: ExitStack) -> Subject:
    """One of Supabase's routes."""
    table = RouteTable.from_config(loads(_CONFIG, env={}).config)

    def work(times: int) -> None:
        for _ in range(times):
            table.resolve("GET", "/supabase" + _TARGET, "127.0.0.1:8080")

    return work


def key(_: ExitStack) -> Subject:
    """Under what an answer is stored."""
    rule, request = KeyRule("supabase", b"secret"), Request("GET", _TARGET, _HEADERS[1:])

    def work(times: int) -> None:
        for _ in range(times):
            rule.of(request)

    return work


def exchange(stack: ExitStack) -> Subject:
    """All layers of the shipped preset, over a transport that answers at once."""
    return _exchanges(stack, "supabase")


def hit(stack: ExitStack) -> Subject:
    """An answer from memory, all layers around it included."""
    return _exchanges(stack, "cached")


def _exchanges(stack: ExitStack, upstream: str) -> Subject:
    runner = stack.enter_context(asyncio.Runner())
    with patch.object(UpstreamTransport, "handler", lambda *_: _answer):
        assembly = Assembly(loads(_CONFIG, env={}).config, SystemClock(), Metrics("bench"))
    stack.callback(lambda: runner.run(assembly.close()))
    route = assembly.table.resolve("GET", f"/{upstream}{_TARGET}").route
    handler = assembly.chains.handlers[route]

    async def exchanges(times: int) -> None:
        for number in range(times):
            request = Request("GET", _TARGET, read_request(list(_HEADERS)).forwarded)
            timeline = Timeline(SystemClock.now())
            response = await handler(
                Exchange(f"x{number}", route.upstream, route.name, request, float("inf"), timeline)
            )
            while await response.body.read():
                pass
            response.close()
            assert number == 0 or (response.source == "cache") == (upstream == "cached")

    return lambda times: runner.run(exchanges(times))


async def _answer(exchange: Exchange, /) -> Response:
    now, timeline = SystemClock.now(), exchange.timeline
    timeline.begin(exchange.attempt, now)
    timeline.sent_at = timeline.first_byte_at = now
    return Response(200, b"OK", list(_ANSWER), BytesBody(b"x" * 1024))


SUBJECTS: dict[str, tuple[Callable[[ExitStack], Subject], int]] = {
    "budget": (budget, 4000),
    "breaker": (breaker, 1000),
    "limiter": (limiter, 2000),
    "pace": (pace, 800),
    "repetition": (repetition, 2000),
    "head": (head, 1500),
    "routing": (routing, 1500),
    "key": (key, 1000),
    "exchange": (exchange, 400),
    "hit": (hit, 400),
}
"""By name: what makes a subject, and how often it does its work at a time, for some 10 ms."""

REFERENCE_TIMES = 4000
