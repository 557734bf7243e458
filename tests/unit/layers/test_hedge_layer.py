import asyncio

import pytest

from sidecar.config.hedge import Hedge
from sidecar.core.budget import Budget
from sidecar.core.hedge import Hedging
from sidecar.errors import UpstreamReset
from sidecar.exchange import stack
from sidecar.layers.hedge import Parts, hedge
from sidecar.telemetry.hedge_stats import HedgeStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

RESET = UpstreamReset("reset", code="upstream_reset")


class Sent:
    """One request at the upstream; the test decides how it ends."""

    def __init__(self, subject, *, leaves=True):
        self.exchange = subject
        self.end = asyncio.get_running_loop().create_future()
        if leaves:
            subject.timeline.sent_at = 1.0


class World:
    def __init__(self, *, healthy=True, leaves=True, **config):
        self.sent = []
        self.cancelled = []
        self.clock = HeldClock()
        self.stats = HedgeStats()
        self.shared = Budget(0.1, 100, 0.0)
        self.leaves = leaves
        config.setdefault("delay", 0.2)
        self.hedging = Hedging(Hedge(enabled=True, **config), self.shared)
        parts = Parts(self.hedging, self.stats, self.clock, lambda _: healthy)
        self.handler = stack(hedge(parts), on=self._upstream)

    async def _upstream(self, subject):
        sent = Sent(subject, leaves=self.leaves)
        self.sent.append(sent)
        try:
            return await sent.end
        except asyncio.CancelledError:
            self.cancelled.append(sent)
            raise

    async def call(self, method="GET", body=None, left=30.0):
        self.exchange = exchange(request(method, body=body), deadline=100.0 + left)
        self.calling = asyncio.ensure_future(self.handler(self.exchange))
        await turns()

    async def slow(self, **call):
        """A call whose first request takes longer than the delay."""
        await self.call(**call)
        self.clock.advance(0.2)
        self.clock.wake()
        await turns()

    @property
    def figures(self):
        return (self.stats.sent, self.stats.won, self.stats.wasted, self.stats.skipped)


class HeldClock(FakeClock):
    """Its sleeps end when the test says so."""

    def __init__(self):
        super().__init__(start=100.0)
        self.sleeping = []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        gate = asyncio.get_running_loop().create_future()
        self.sleeping.append(gate)
        try:
            await gate
        finally:
            self.sleeping.remove(gate)

    def wake(self):
        for gate in self.sleeping:
            gate.set_result(None)


async def turns(count=8):
    for _ in range(count):
        await asyncio.sleep(0)


def tracked(status=200, body=b""):
    answer = response(status, body)
    closed = []
    answer.on_close(closed.append)
    return answer, closed


async def test_a_fast_read_is_asked_for_once():
    world = World()
    await world.call()
    answer = response()
    world.sent[0].end.set_result(answer)
    assert await world.calling is answer
    assert (len(world.sent), world.exchange.attempt) == (1, 1)
    assert world.clock.slept == [0.2]
    await turns()
    assert world.clock.sleeping == []
    assert world.figures == (0, 0, 0, {})


async def test_a_slow_read_is_asked_for_again_and_the_faster_second_is_used():
    world = World()
    await world.slow()
    answer, closed = tracked()
    world.sent[1].exchange.timeline.first_byte_at = 7.0
    world.sent[1].end.set_result(answer)
    assert await world.calling is answer
    await turns()
    assert (world.cancelled, closed) == ([world.sent[0]], [])
    assert world.exchange.timeline is world.sent[1].exchange.timeline
    assert world.figures == (1, 1, 0, {})


async def test_each_request_has_a_number_and_an_exchange_of_its_own():
    world = World()
    await world.slow()
    first, second = (sent.exchange for sent in world.sent)
    assert [first.attempt, second.attempt, world.exchange.attempt] == [1, 2, 2]
    assert first.timeline is not second.timeline
    assert first.request is second.request
    assert (first.deadline, second.deadline) == (130.0, 130.0)
    world.calling.cancel()
    await turns()


async def test_the_first_may_still_win_and_the_second_is_ended():
    world = World()
    await world.slow()
    answer, closed = tracked()
    world.sent[0].end.set_result(answer)
    assert await world.calling is answer
    await turns()
    assert (world.cancelled, closed) == ([world.sent[1]], [])
    assert world.exchange.timeline is world.sent[0].exchange.timeline
    assert world.figures == (1, 0, 1, {})


async def test_the_timeline_of_the_second_counts_the_wait_for_the_first_as_the_upstreams():
    world = World()
    await world.call()
    world.sent[0].exchange.timeline.dial = 5.0
    world.clock.advance(0.2)
    world.clock.wake()
    await turns()
    timeline = world.sent[1].exchange.timeline
    assert timeline.at_upstream == pytest.approx(0.2)
    assert (timeline.dial, timeline.started) == (0.0, 0.0)
    world.calling.cancel()
    await turns()


async def test_both_answers_at_once_leave_the_first_and_close_the_second():
    world = World()
    await world.slow()
    first, first_closed = tracked()
    second, second_closed = tracked()
    world.sent[1].end.set_result(second)
    world.sent[0].end.set_result(first)
    assert await world.calling is first
    assert (first_closed, second_closed) == ([], [None])


async def test_an_answer_that_comes_while_its_call_is_ended_is_closed():
    world = World()
    late, closed = tracked()

    async def stubborn(subject):
        if subject.attempt == 2:
            return response()
        subject.timeline.sent_at = 1.0
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return late  # it was there already

    world.handler = stack(
        hedge(Parts(world.hedging, world.stats, world.clock, lambda _: True)), on=stubborn
    )
    await world.slow()
    assert await world.calling is not late
    await turns()
    assert closed == [None]


@pytest.mark.parametrize("bad", [RESET, 503, 429], ids=str)
@pytest.mark.parametrize("failing", [0, 1])
async def test_a_failure_waits_for_the_other(bad, failing):
    world = World()
    await world.slow()
    closed = []
    if bad is RESET:
        world.sent[failing].end.set_exception(RESET)
    else:
        answer, closed = tracked(bad)
        world.sent[failing].end.set_result(answer)
    await turns()
    assert not world.calling.done()
    good = response()
    world.sent[1 - failing].end.set_result(good)
    assert await world.calling is good
    assert closed == ([] if bad is RESET else [None])
    assert world.figures == (1, 1 - failing, failing, {})


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_errors_end_in_that_of_the_first(order):
    world = World()
    await world.slow()
    errors = [RESET, UpstreamReset("other", code="upstream_reset")]
    for each in order:
        world.sent[each].end.set_exception(errors[each])
        await turns()
    with pytest.raises(UpstreamReset) as caught:
        await world.calling
    assert caught.value is RESET
    assert world.figures == (1, 0, 1, {})


@pytest.mark.parametrize("answered", [0, 1])
async def test_a_bad_answer_is_worth_more_than_an_error(answered):
    world = World()
    await world.slow()
    world.sent[1 - answered].end.set_exception(RESET)
    answer, closed = tracked(503)
    world.sent[answered].end.set_result(answer)
    assert await world.calling is answer
    assert closed == []
    assert world.exchange.timeline is world.sent[answered].exchange.timeline
    assert world.figures == (1, 0, 1, {})


async def test_of_two_bad_answers_the_seconds_is_closed():
    world = World()
    await world.slow()
    first, first_closed = tracked(503)
    second, second_closed = tracked(500)
    world.sent[1].end.set_result(second)
    await turns()
    world.sent[0].end.set_result(first)
    assert await world.calling is first
    assert (first_closed, second_closed) == ([], [None])


@pytest.mark.parametrize("doubled", [False, True])
async def test_the_client_leaves_and_all_that_was_sent_is_ended(doubled):
    world = World()
    await (world.slow() if doubled else world.call())
    world.calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await world.calling
    await turns()
    assert world.cancelled == world.sent
    assert world.clock.sleeping == []
    assert world.figures == (int(doubled), 0, int(doubled), {})


async def test_the_client_leaves_between_a_bad_answer_and_a_good_one():
    world = World()
    await world.slow()
    bad, closed = tracked(503)
    world.sent[0].end.set_result(bad)
    await turns()
    world.calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await world.calling
    await turns()
    assert (closed, world.cancelled) == ([None], [world.sent[1]])


async def test_an_error_before_the_delay_is_not_answered_with_a_second_request():
    world = World()
    await world.call()
    world.sent[0].end.set_exception(RESET)
    with pytest.raises(UpstreamReset):
        await world.calling
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        ({"healthy": False}, "unhealthy"),
        ({"leaves": False}, "unsent"),
        ({"taken": 60}, "retry_budget"),
    ],
)
async def test_a_slow_read_that_must_not_be_doubled_waits_for_its_only_answer(world, reason):
    taken = world.pop("taken", 0)
    subject = World(**world)
    subject.shared.withdraw(taken, 100.0)
    await subject.slow()
    answer = response()
    subject.sent[0].end.set_result(answer)
    assert await subject.calling is answer
    assert (len(subject.sent), subject.exchange.attempt) == (1, 1)
    assert subject.figures == (0, 0, 0, {reason: 1})


@pytest.mark.parametrize(
    ("method", "body"), [("POST", None), ("PUT", b"x"), ("GET", b"x"), ("OPTIONS", None)]
)
async def test_what_is_no_read_is_passed_on_as_it_is(method, body):
    world = World()
    await world.call(method, body)
    assert world.sent[0].exchange is world.exchange
    assert world.clock.slept == []
    answer = response()
    world.sent[0].end.set_result(answer)
    assert await world.calling is answer
    assert world.figures == (0, 0, 0, {})


async def test_without_samples_reads_are_only_watched():
    world = World(delay=None, min_samples=2)
    for expected in (1, 2):
        await world.call()
        world.clock.advance(0.1)
        world.sent[-1].end.set_result(response())
        await world.calling
        assert world.stats.skipped == {"samples": expected}
    await world.call()
    assert world.clock.slept == [pytest.approx(0.1, rel=0.04)]
    world.calling.cancel()
    await turns()


async def test_failures_are_no_samples():
    world = World(delay=None, min_samples=1)
    await world.call()
    world.sent[0].end.set_result(response(500))
    await world.calling
    assert world.hedging.delay(100.0) is None


async def test_a_first_request_that_was_ended_counts_as_slow():
    world = World(delay=0.2)
    await world.slow()
    world.clock.advance(0.3)
    world.sent[1].end.set_result(response())
    await world.calling
    assert world.hedging.snapshot(100.5)["reads"]["p50"] == pytest.approx(0.5, rel=0.04)


async def test_a_delay_that_the_deadline_does_not_allow_is_not_waited_for():
    world = World()
    await world.call(left=0.1)
    assert (world.clock.slept, world.stats.skipped) == ([], {"deadline": 1})
    world.calling.cancel()
    await turns()
