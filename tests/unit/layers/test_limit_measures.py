import pytest

from sidecar.errors import AttemptTimeout, ConnectError, Rejected
from tests.support.builders import response
from tests.support.limited import Limited


class Seen:
    """What the limiter is told when permits come back."""

    def __init__(self, world):
        self.told = []
        world.limiter._gradient = self

    limit = 100
    usual = 0.0

    def observe(self, _now, _inflight, first_byte, *, dropped):
        self.told.append((first_byte, dropped))


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (response(200), (0.25, False)),
        (response(404), (None, False)),
        (response(500), (None, False)),
        (response(503), (None, True)),
        (AttemptTimeout("late", code="first_byte_timeout"), (None, True)),
        (ConnectError("refused", code="connect_error"), (None, False)),
        (Rejected("open", code="breaker_open"), (None, False)),
    ],
)
async def test_the_limiter_learns_from_the_time_to_the_first_byte(outcome, told):
    world = Limited(mode="adaptive", inflight=100)
    seen = Seen(world)
    call, _ = await world.call()
    world.clock.advance(0.25)
    if isinstance(outcome, Exception):
        await world.fail(0, outcome)
        assert call.exception() is outcome
    else:
        await world.answer(0, outcome)
        world.clock.advance(5.0)  # the body takes its time, which is no measure
        outcome.close()
    assert seen.told == [told]


async def test_an_answer_that_the_upstream_did_not_give_is_no_measure():
    world = Limited(mode="adaptive", inflight=100)
    seen = Seen(world)
    await world.call()
    answer = response()
    answer.source = "sidecar"
    world.clock.advance(0.25)
    (await world.answer(0, answer)).close()
    assert seen.told == [(None, False)]


async def test_a_body_that_stalls_counts_as_too_slow():
    world = Limited(mode="adaptive", inflight=100)
    seen = Seen(world)
    await world.call()
    world.clock.advance(0.25)
    answer = await world.answer(0, response())
    answer.close(AttemptTimeout("stalled", code="idle_timeout"))
    assert seen.told == [(0.25, True)]
