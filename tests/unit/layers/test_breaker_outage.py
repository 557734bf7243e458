"""A minute's outage under steady traffic, in virtual time: what the upstream and callers see."""

import asyncio
import random
import re
from itertools import pairwise

import pytest

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker import BreakerSet
from sidecar.core.keys import KeyTemplate
from sidecar.errors import AttemptTimeout, ConnectError, ExchangeError
from sidecar.exchange import stack
from sidecar.judgement import Judgement
from sidecar.layers.breaker import Held, Parts, breaker, recheck
from sidecar.telemetry.breaker_stats import BreakerStats
from tests.support.builders import exchange, request, response
from tests.support.virtual_time import VirtualClock, in_virtual_time

RATE = 20.0
DOWN, UP = 10.0, 70.0
END = 80.0
LATENCY = 0.03
DEADLINES = (1.0, 2.0, 10.0)


class Outage:
    """Calls at a steady rate through the layer, to an upstream that is away for a minute."""

    def __init__(self, methods, seed, latency=LATENCY, fails=0.02):
        self.random = random.Random(seed)
        self.methods = methods
        self.latency, self.fails = latency, fails
        self.reached = []
        """When calls reached the upstream."""
        self.ended = []
        """Start, end, deadline and result of each call."""

    async def upstream(self, _subject):
        now = self.clock.now()
        self.reached.append(now)
        if DOWN <= now < UP:
            await asyncio.sleep(self.fails)
            if self.fails > 0.1:
                raise AttemptTimeout("no answer", code="first_byte_timeout")
            raise ConnectError("refused", code="connect_error")
        await asyncio.sleep(self.latency)
        answer = response()
        answer.judgement = Judgement("success", "done", "http_200")
        return answer

    async def call(self, number):
        began = self.clock.now()
        deadline = began + DEADLINES[number % len(DEADLINES)]
        method = self.methods[number % len(self.methods)]
        try:
            answer = await self.handler(exchange(request(method), deadline=deadline))
        except ExchangeError as error:
            result = error.code
        else:
            result = answer.status
            answer.close()
        self.ended.append((began, self.clock.now(), deadline, result))

    async def run(self):
        self.clock, config = VirtualClock(), Config()
        held, self.stats = Held(self.clock), BreakerStats("api")
        breakers = BreakerSet("api", config, self.random.random, now=0.0, alarm=held.alarm)
        key = KeyTemplate("upstream", re.compile(".*"), b"")
        parts = Parts(breakers, key, config, held, self.stats, self.clock)
        self.handler = stack(breaker(parts), recheck(self.clock), on=self.upstream)
        async with asyncio.TaskGroup() as group:
            for number in range(int(END * RATE)):
                group.create_task(self.call(number))
                await asyncio.sleep(1 / RATE)
        return self

    def during(self):
        return [at for at in self.reached if DOWN <= at < UP]

    def results(self, since, until=END):
        return {result for began, _, _, result in self.ended if since <= began < until}


MIXES = [("GET",), ("POST",), ("GET", "POST", "POST", "POST")]


@pytest.fixture(params=[(mix, seed) for mix in MIXES for seed in (1, 2, 3)], ids=str)
def outage(request):
    return in_virtual_time(Outage(*request.param).run())


def test_an_outage_of_a_minute_costs_the_upstream_little_and_ends_when_it_ends(outage):
    during = outage.during()
    assert during[4] - DOWN <= 5 / RATE
    gaps = [later - sooner for sooner, later in pairwise(during[4:])]
    assert min(gaps) >= 0.9 * 0.25  # five calls, and from then on probes only
    assert max(gaps) <= 1.0 + 0.1 + 0.02 + 1 / RATE
    assert 50 <= len(gaps) <= 75
    back = min(at for at in outage.reached if at >= UP)
    assert back - UP <= 1.2
    assert outage.results(back + LATENCY, END) == {200}


def test_nobody_outlives_the_deadline_and_nobody_is_lost(outage):
    assert len(outage.ended) == END * RATE
    assert max(ended - deadline for _, ended, deadline, _ in outage.ended) <= 0.05
    assert outage.stats.held_now == 0
    assert outage.results(0.0, DOWN - LATENCY) == {200}
    assert outage.results(DOWN, UP) <= {200, "connect_error", "breaker_open"}


def test_the_last_calls_of_the_outage_are_saved_by_waiting(outage):
    long = [
        (began, result)
        for began, _, deadline, result in outage.ended
        if deadline - began == DEADLINES[-1] and UP - 2.0 <= began < UP
    ]
    failed = [result for _, result in long if result != 200]
    assert len(long) == pytest.approx(2 * RATE / 3, abs=1)
    assert set(failed) <= {"connect_error"}  # those who had to probe
    assert len(failed) <= 3


@pytest.mark.parametrize("seed", [1, 2])
def test_an_upstream_that_hangs_is_probed_and_comes_back_as_well(seed):
    outage = in_virtual_time(Outage(("GET", "POST"), seed, latency=1.3, fails=3.0).run())
    during = outage.during()
    opened = [at for at in during if at <= DOWN + 3.0 + 1 / RATE]
    assert len(opened) <= (3.0 + 5 / RATE) * RATE + 1  # under way before the first had failed
    assert len(during) - len(opened) <= 60.0 / 2.0 * 2
    back = min(at for at in outage.reached if at >= UP)
    assert back - UP <= 2.2  # a hanging probe is replaced after two seconds
    assert outage.results(back + 1.3, END) == {200}


def test_the_same_seed_is_the_same_outage():
    first, second = (in_virtual_time(Outage(("GET", "POST"), 7).run()) for _ in range(2))
    other = in_virtual_time(Outage(("GET", "POST"), 8).run())
    assert first.reached == second.reached != other.reached
