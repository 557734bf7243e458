"""Drills around the real transport: what an application's call and the upstream see of them."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from sidecar.clock import SystemClock
from sidecar.config import Retry, Timeouts
from sidecar.core.budget import Budget
from sidecar.core.drills import Order
from sidecar.dialects import DIALECTS
from sidecar.drilling import Drilling
from sidecar.errors import AttemptTimeout, TruncatedBody, UpstreamReset
from sidecar.exchange import stack
from sidecar.layers.drill import drill
from sidecar.layers.judge import judge
from sidecar.layers.retry import Parts, retry
from sidecar.telemetry.drill_stats import DrillStats
from sidecar.telemetry.retry_stats import RetryStats
from sidecar.transport.upstream import UpstreamTransport
from tests.support.builders import exchange, request, upstream
from tests.support.proxied import elapsed_since, soon
from tests.support.steps import reply
from tests.support.upstream import Upstream

FAST = Timeouts(connect=0.1, first_byte=0.1, idle=0.1, total=5.0)


@asynccontextmanager
async def drilled(
    fault, *, script=None, timeouts=FAST, attempts=1, dialect="plain", numbers=(), **order
):
    """`call`, `origin` and the drills, for a chain of retry, drill and the real transport."""
    async with Upstream(script or reply(b"0123456789")) as origin:
        clock = SystemClock()
        drawn = iter(numbers)
        drilling = Drilling(clock, DrillStats(), lambda: next(drawn, 0.0))
        transport = UpstreamTransport(upstream(origin.url), clock)
        parts = Parts(
            config=Retry(attempts=attempts, base=0.01),
            budget=Budget(0.1, 100, 0, 30.0),
            stats=RetryStats(),
            clock=clock,
        )
        chain = stack(
            retry(parts),
            judge(DIALECTS[dialect], clock),
            drill(drilling, timeouts),
            on=transport.handler(timeouts),
        )

        async def call(method="GET", body=None):
            framed = [(b"Content-Length", b"%d" % len(body))] if body else []
            subject = request(method, headers=framed, body=body)
            return await chain(exchange(subject, deadline=clock.now() + 5.0))

        drilling.start(Order(fault, "api", **order))
        try:
            yield call, origin, drilling
        finally:
            drilling.close()
            transport.close()


async def test_a_hang_ends_with_the_timer_of_the_route_and_nothing_is_sent():
    async with drilled("hang") as (call, origin, _):
        began = asyncio.get_running_loop().time()
        with pytest.raises(AttemptTimeout) as caught:
            await call()
        assert caught.value.code == "first_byte_timeout"
        assert 0.09 < elapsed_since(began) < 2
        assert origin.requests == []


async def test_a_call_that_a_drill_refuses_is_repeated_and_rescued():
    order = {"attempts": 3, "delay": 0.01, "percent": 50.0, "numbers": [0.1, 0.9]}
    async with drilled("gemini.429_retryinfo", dialect="gemini", **order) as (call, origin, drills):
        answer = await call("POST", b"message")
        answer.close()
        assert (answer.status, len(origin.requests)) == (200, 1)
        assert drills.stats.injected == {("api", "gemini.429_retryinfo"): 1}


async def test_the_message_of_a_lost_answer_arrives_once_and_is_not_sent_again():
    async with drilled("whatsapp.lost_answer", attempts=3, dialect="graph") as (call, origin, _):
        with pytest.raises(UpstreamReset):
            await call("POST", b"message")
        assert [bytes(each.body) for each in origin.requests] == [b"message"]


async def test_a_truncated_body_breaks_and_its_connection_is_not_kept():
    async with drilled("truncated_body") as (call, origin, _):
        answer = await call()
        assert await answer.body.read() == b"01234"
        with pytest.raises(TruncatedBody) as caught:
            await answer.body.read()
        answer.close(caught.value)
        assert answer.headers[-1] == (b"X-Sidecar-Drill", b"truncated_body")
        await soon(lambda: origin.open_connections <= 1)
        assert len(origin.requests) == 1


async def test_a_body_that_trickles_arrives_whole_and_its_connection_is_kept():
    async with drilled("trickle", script=reply(b"a" * 200), delay=0.01) as (call, origin, _):
        for _ in range(2):
            answer = await call()
            parts = []
            while part := await answer.body.read():
                parts.append(part)
            answer.close()
            assert list(map(len, parts)) == [64, 64, 64, 8]
        assert len(origin.connections) == 1


async def test_latency_beyond_the_timer_gives_the_connection_back():
    async with drilled("latency", delay=5.0) as (call, origin, _):
        with pytest.raises(AttemptTimeout):
            await call()
        await soon(lambda: origin.open_connections <= 1)
        assert len(origin.requests) == 1
