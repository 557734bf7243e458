"""When a second request is sent, what is passed on as it is, and what the delay is learned from."""

import pytest

from sidecar.errors import UpstreamReset
from tests.support.builders import response
from tests.support.hedged import RESET, World, tracked, turns


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
