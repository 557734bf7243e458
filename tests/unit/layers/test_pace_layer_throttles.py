"""What an upstream says of too many calls rests those whom it is about."""

import pytest

from sidecar.config import Retry
from sidecar.config.pace import Pace, PaceBackoff
from sidecar.core.budget import Budget
from sidecar.dialects import DIALECTS
from sidecar.errors import ConnectError, Rejected
from sidecar.exchange import stack
from sidecar.layers.judge import judge
from sidecar.layers.pace import pace
from sidecar.layers.retry import Parts, retry
from sidecar.telemetry.retry_stats import RetryStats
from tests.support.builders import response
from tests.support.clock import FakeClock
from tests.support.paced import DONE, NUMBER, PAIR, PAIR_LIMIT, TOO_FAST, World, message
from tests.support.stepped_clock import settle


async def test_131056_rests_that_recipient_only():
    world = World(NUMBER, PAIR, judgements=[PAIR_LIMIT])
    world.call("a")
    await settle()
    world.call("a")
    world.call("b")
    await world.clock.pass_(7.5)
    assert world.sent == [(0.0, "a"), (0.0, "b"), (1.0, "a")]
    assert [stats.drained for stats in world.stats] == [0, 1]


async def test_metas_own_words_rest_the_recipient():
    world = World(NUMBER, PAIR)
    answers = [response(400, b'{"error":{"code":131056,"message":"pair rate limit hit"}}')]

    async def upstream(subject):
        await world._upstream(subject)
        return answers.pop() if answers else response(200)

    judged = judge(DIALECTS["graph"], world.clock)
    world.handler = stack(pace(world.paced, world.waiting), judged, on=upstream)
    assert (await world.call("a")).status == 400
    world.call("a")
    world.call("b")
    await world.clock.pass_(1.0)
    assert world.sent == [(0.0, "a"), (0.0, "b"), (1.0, "a")]


async def test_130429_rests_the_number_for_all_recipients():
    world = World(NUMBER, PAIR, judgements=[TOO_FAST])
    for to in "abc":
        world.call(to)
        await settle()
    world.call("d", "n2")
    await world.clock.pass_(2.0)
    assert world.sent == [(0.0, "a"), (0.0, "d"), (1.0, "b"), (1.0125, "c")]
    assert [stats.drained for stats in world.stats] == [1, 0]


async def test_a_throttle_also_holds_those_who_wait_already():
    world = World(Pace(1.0, key="phone_number_id"), judgements=[DONE, TOO_FAST])
    tasks = [world.call(str(n)) for n in range(4)]
    await world.clock.pass_(6.0)
    assert world.sent == [(0.0, "0"), (1.0, "1"), (2.0, "2"), (3.0, "3")]
    assert all(task.done() for task in tasks)

    world = World(
        Pace(1.0, key="phone_number_id", backoff=PaceBackoff(base=4.5)), judgements=[DONE, TOO_FAST]
    )
    tasks = [world.call(str(n)) for n in range(4)]
    await world.clock.pass_(1.0)
    with pytest.raises(Rejected, match="does not come in time"):
        await tasks[2]  # told at once that it will not come in time, not when its time is over
    assert world.clock.now() == world.start + 1.0
    await world.end()


async def test_an_error_of_the_upstream_is_no_throttle_and_passes_through():
    failure = ConnectError("refused", code="connect_error")
    world = World(Pace(1.0, key="phone_number_id"), judgements=[failure])
    with pytest.raises(ConnectError):
        await world.call()
    assert world.stats[0].drained == 0


async def test_the_waits_of_pace_and_repetition_run_side_by_side():
    """1 + 4 seconds, as Meta asks: not 1 + 1 + 4 + 4, and not 1 + 16."""
    often = Pace(1.0, burst=45, key="phone_number_id+$.to")
    world = World(often, judgements=[PAIR_LIMIT, PAIR_LIMIT], clock=FakeClock())
    config = Retry(attempts=3, base=0.001, cap=0.001)
    parts = Parts(config, Budget(0.1, 100, 0, 30.0), RetryStats(), world.clock)
    subject = message("a", deadline=world.start + 30.0)
    answer = await retry(parts)(world.handler)(subject)
    assert answer.status == 200
    assert world.times("a") == [0.0, 1.0, 5.0]  # a slower rate than these waits would win
    assert subject.timeline.backoff == 5.0
    assert subject.timeline.paced == pytest.approx(0.0, abs=0.01)
