import asyncio
import json
import re
from collections import Counter

import pytest

from sidecar.config import Retry
from sidecar.config.pace import Pace, PaceBackoff
from sidecar.core.budget import Budget
from sidecar.core.keys import KeyTemplate
from sidecar.core.pace import Lanes
from sidecar.dialects import DIALECTS
from sidecar.errors import ConnectError, Draining, Rejected
from sidecar.exchange import stack
from sidecar.judgement import Judgement
from sidecar.layers.judge import judge
from sidecar.layers.pace import Paced, Waiting, pace
from sidecar.layers.retry import Parts, retry
from sidecar.telemetry.pace_stats import PaceStats
from sidecar.telemetry.retry_stats import RetryStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.stepped_clock import SteppedClock, settle

PATH = re.compile(r"/v23.0/(?P<phone_number_id>[^/]+)/messages")
NUMBER = Pace(80.0, burst=80, key="phone_number_id")
PAIR = Pace(1 / 6, burst=45, key="phone_number_id+$.to", max_wait=20.0)

DONE = Judgement("success", "done", "ok")
TOO_FAST = Judgement("ignore", "refused", "graph_130429", scope="phone_number")
PAIR_LIMIT = Judgement("ignore", "refused", "graph_131056", 1.0, "recipient", None, 4.0)


def message(to="1", number="n1", deadline=float("inf")):
    body = json.dumps({"to": to, "type": "text"}).encode()
    return exchange(request("POST", f"/v23.0/{number}/messages", body=body), deadline=deadline)


class World:
    """A route with paces, in front of an upstream that answers with the given judgements."""

    def __init__(self, *paces, judgements=(), clock=None):
        self.clock = clock or SteppedClock()
        self.start = self.clock.now()
        self.judgements = list(judgements)
        self.sent = []
        self.paced = [
            Paced(Lanes(each), KeyTemplate(each.key, PATH, b"secret"), PaceStats())
            for each in paces
        ]
        self.waiting = Waiting(self.clock)
        self.handler = stack(pace(self.paced, self.waiting), on=self._upstream)
        self.tasks = []

    async def _upstream(self, subject):
        to = json.loads(subject.request.body.known())["to"]
        self.sent.append((round(self.clock.now() - self.start, 6), to))
        outcome = self.judgements.pop(0) if self.judgements else DONE
        if isinstance(outcome, Exception):
            raise outcome
        answer = response(200 if outcome is DONE else 400)
        answer.judgement = outcome
        return answer

    def call(self, *args, **settings):
        subject = message(*args, **settings)
        task = asyncio.ensure_future(self.handler(subject))
        task.subject = subject
        self.tasks.append(task)
        return task

    def times(self, to):
        return [at for at, recipient in self.sent if recipient == to]

    @property
    def stats(self):
        return [each.stats for each in self.paced]

    async def end(self):
        for task in self.tasks:
            task.cancel()
        return await asyncio.gather(*self.tasks, return_exceptions=True)


def test_a_route_without_a_pace_has_no_layer():
    assert pace((), Waiting(FakeClock())) is None


async def test_a_number_sends_80_at_once_and_80_per_second():
    world = World(NUMBER)
    for n in range(400):
        world.call(str(n))
    await world.clock.pass_(0.0)
    assert len(world.sent) == 80
    await world.clock.pass_(1.001)
    assert len(world.sent) == 160
    await world.clock.pass_(3.0)
    assert len(world.sent) == 400
    assert [to for _, to in world.sent] == [str(n) for n in range(400)]
    stats = world.stats[0]
    assert (stats.passed, stats.waits, stats.refused, stats.waiting) == (400, 320, {}, 0)
    assert stats.seconds == pytest.approx(sum(n / 80 for n in range(1, 321)))
    assert world.tasks[-1].subject.timeline.paced == pytest.approx(4.0)


async def test_a_recipient_gets_45_at_once_and_one_in_6_seconds_while_others_flow():
    world = World(NUMBER, PAIR)
    for _ in range(48):
        world.call("slow")
    for n in range(32):
        world.call(f"other {n}")
    await world.clock.pass_(0.0)
    assert Counter(to for _, to in world.sent) == Counter(
        {"slow": 45} | {f"other {n}": 1 for n in range(32)}
    )
    await world.clock.pass_(10.0)
    world.call("late")
    await world.clock.pass_(10.0)
    assert world.times("slow")[45:] == [6.0, 12.0, 18.0]
    assert world.times("late") == [10.0]


async def test_numbers_do_not_wait_for_each_other():
    world = World(Pace(1.0, key="phone_number_id"))
    for number in ("n1", "n2", "n1"):
        world.call(number, number)
    await world.clock.pass_(1.0)
    assert world.sent == [(0.0, "n1"), (0.0, "n2"), (1.0, "n1")]
    assert world.stats[0].keys == 2


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


async def test_a_client_that_leaves_while_it_waits_gives_its_slot_back():
    world = World(Pace(1.0, key="phone_number_id"))
    for n in range(5):
        world.call(str(n))
    await world.clock.pass_(0.5)
    for n in (1, 3):
        world.tasks[n].cancel()
    await world.clock.pass_(1.5)
    assert world.sent == [(0.0, "0"), (1.0, "2"), (2.0, "4")]
    assert world.tasks[1].cancelled()
    assert world.tasks[1].subject.timeline.paced == 0.5
    assert (world.stats[0].waiting, world.waiting.turns) == (0, set())


async def test_when_all_who_wait_leave_the_next_call_waits_for_none_of_them():
    world = World(Pace(1.0, key="phone_number_id"))
    for n in range(6):
        world.call(str(n))
    await world.clock.pass_(0.5)
    await world.end()
    world.call("next")
    await world.clock.pass_(0.5)
    assert world.sent == [(0.0, "0"), (1.0, "next")]


async def test_a_call_that_cannot_come_in_time_is_refused_at_once():
    world = World(Pace(1.0, key="phone_number_id", max_wait=2.0))
    for n in range(3):
        world.call(str(n))
    await settle()
    with pytest.raises(Rejected) as refusal:
        await world.call("late")
    assert (refusal.value.code, refusal.value.retry_after) == ("pace_timeout", 3.0)
    assert not refusal.value.sent
    with pytest.raises(Rejected):
        await world.call("short", "n1", deadline=world.start + 2.0)
    assert world.stats[0].refused == {"timeout": 2}
    await world.clock.pass_(3.0)
    assert len(world.sent) == 3


async def test_refusals_use_nothing():
    world = World(Pace(1.0, key="phone_number_id", max_wait=0.0))
    for _ in range(100):
        world.call()
        await world.clock.pass_(0.0625)
    assert world.times("1") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    results = await world.end()
    assert sum(isinstance(each, Rejected) for each in results) == 93


async def test_too_many_who_wait_are_refused():
    world = World(Pace(1.0, key="phone_number_id", max_waiters=1))
    world.call()
    world.call()
    await settle()
    with pytest.raises(Rejected) as refusal:
        await world.call()
    assert (refusal.value.code, refusal.value.retry_after) == ("pace_full", 2.0)
    assert "n1" not in str(refusal.value)
    await world.end()


async def test_a_call_without_the_key_is_not_paced():
    world = World(Pace(1.0, key="header:x-tenant"))
    for _ in range(3):
        await world.call()
    assert world.stats[0] == PaceStats()


async def test_a_pace_that_is_written_twice_counts_once():
    world = World(Pace(1.0, key="phone_number_id"))
    world.handler = stack(pace(world.paced * 2, world.waiting), on=world._upstream)
    world.call()
    world.call()
    await world.clock.pass_(1.0)
    assert world.times("1") == [0.0, 1.0]


async def test_a_pace_that_is_not_enforced_only_counts():
    world = World(Pace(1.0, key="phone_number_id", max_wait=2.0, enforce=False))
    for _ in range(5):
        await world.call()
    assert len(world.times("1")) == 5
    stats = world.stats[0]
    assert (stats.passed, stats.waits, stats.refused) == (5, 0, {})
    assert stats.observed == {"waits": 2, "timeout": 2}


async def test_an_error_of_the_upstream_is_no_throttle_and_passes_through():
    failure = ConnectError("refused", code="connect_error")
    world = World(Pace(1.0, key="phone_number_id"), judgements=[failure])
    with pytest.raises(ConnectError):
        await world.call()
    assert world.stats[0].drained == 0


async def test_the_sidecar_stops_without_waiting_for_a_turn():
    world = World(Pace(1.0, key="phone_number_id"))
    for n in range(3):
        world.call(str(n))
    await settle()
    world.waiting.give_up()
    await settle()
    assert [type(task.exception()) for task in world.tasks[1:]] == [Draining, Draining]
    assert (world.stats[0].waiting, world.waiting.turns) == (0, set())


async def test_the_order_in_which_paces_are_written_does_not_matter():
    for paces in ((NUMBER, PAIR), (PAIR, NUMBER)):
        world = World(*paces)
        for _ in range(46):
            world.call("a")
        await settle()
        world.call("b")
        await world.clock.pass_(6.0)
        assert (len(world.times("a")), world.times("b"), world.times("a")[-1]) == (46, [0.0], 6.0)


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
