"""Two requests under way: which answer is used, and that the other is closed or ended."""

import asyncio

import pytest

from sidecar.errors import UpstreamReset
from sidecar.exchange import stack
from sidecar.layers.hedge import Parts, hedge
from tests.support.builders import response
from tests.support.hedged import RESET, World, tracked, turns


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
