"""Slow reads that are asked for twice, on real connections."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from sidecar.clock import SystemClock
from sidecar.config.hedge import Hedge
from sidecar.core.budget import Budget
from sidecar.core.hedge import Hedging
from sidecar.exchange import Exchange, Timeline, stack
from sidecar.layers.hedge import Parts, hedge
from sidecar.telemetry.hedge_stats import HedgeStats
from sidecar.transport.upstream import UpstreamTransport
from tests.support.builders import request, upstream
from tests.support.proxied import elapsed_since, soon
from tests.support.steps import OK, body, message, reply, send, stall, wait
from tests.support.upstream import Upstream

DELAY = 0.05


class Hedged:
    """A hedged route on an upstream, without the rest of the sidecar."""

    def __init__(self, origin):
        self.clock = SystemClock()
        config = upstream(origin.url, timeouts={"total": 2.0})
        self.transport = UpstreamTransport(config, self.clock)
        self.stats = HedgeStats()
        hedging = Hedging(Hedge(enabled=True, delay=DELAY), Budget(0.1, 100, 0, 30.0))
        parts = Parts(hedging, self.stats, self.clock, lambda _: True)
        self.handler = stack(hedge(parts), on=self.transport.handler(config.timeouts))

    async def ask(self, method="GET"):
        now = self.clock.now()
        self.exchange = Exchange(
            "x1", "api", "default", request(method, "/x"), now + 2.0, Timeline(now)
        )
        answer = await self.handler(self.exchange)
        content = b""
        while data := await answer.body.read():
            content += data
        answer.close()
        return content

    @property
    def pool(self):
        stats = self.transport.pool.stats
        return stats.open, stats.idle


@asynccontextmanager
async def hedged(*scripts):
    async with Upstream(*scripts) as origin:
        subject = Hedged(origin)
        yield subject, origin
        subject.transport.close()
        await asyncio.sleep(0)


async def test_second_request_answers_for_a_first_that_hangs():
    async with hedged((body, stall), reply(b"second"), OK) as (subject, origin):
        start = asyncio.get_running_loop().time()
        assert await subject.ask() == b"second"
        assert DELAY <= elapsed_since(start) < 1.0
        await asyncio.wait_for(origin.connections[0].ended.wait(), 1)
        assert subject.pool == (1, 1)
        assert (subject.exchange.attempt, subject.stats.won) == (2, 1)
        timeline = subject.exchange.timeline
        spent = timeline.first_byte_at - timeline.started
        assert timeline.at_upstream + timeline.dial == pytest.approx(spent, abs=0.02)
        assert await subject.ask() == b"ok"  # on the connection of the second
        assert len(origin.connections) == 2


async def test_first_that_answers_after_all_ends_the_second():
    slow = (body, wait(3 * DELAY), send(message(b"first")))
    async with hedged(slow, (body, stall)) as (subject, origin):
        assert await subject.ask() == b"first"
        await asyncio.wait_for(origin.connections[1].ended.wait(), 1)
        assert subject.pool == (1, 1)
        assert (subject.exchange.attempt, subject.stats.wasted) == (2, 1)


async def test_loser_that_had_half_an_answer_is_never_used_again():
    both = asyncio.Event()

    async def until_both(*_):
        await both.wait()

    async def is_second(*_):
        both.set()

    half = (body, until_both, send(b"HTTP/1.1 503 B\r\nContent-Length: 9\r\n\r\nhalf"), stall)
    late = (body, is_second, wait(2 * DELAY), send(message(b"good")))
    async with hedged(half, late, OK) as (subject, origin):
        assert await subject.ask() == b"good"
        await asyncio.wait_for(origin.connections[0].ended.wait(), 1)
        assert subject.pool == (1, 1)
        assert await subject.ask() == b"ok"


async def test_client_that_leaves_ends_both():
    async with hedged((body, stall)) as (subject, origin):
        asking = asyncio.ensure_future(subject.ask("HEAD"))
        await soon(lambda: len(origin.requests) == 2)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        for connection in origin.connections:
            await asyncio.wait_for(connection.ended.wait(), 1)
        assert subject.pool == (0, 0)


async def test_write_is_never_sent_twice():
    slow = (body, wait(3 * DELAY), send(message(b"written")))
    async with hedged(slow) as (subject, origin):
        assert await subject.ask("POST") == b"written"
        assert len(origin.requests) == 1
