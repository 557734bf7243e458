import asyncio

import pytest

from sidecar.errors import TruncatedBody, UpstreamReset
from sidecar.flights import ahead as module
from sidecar.flights.ahead import Ahead, PrefetchedKeys
from sidecar.flights.own_call import Destination
from sidecar.telemetry.prefetch_stats import PrefetchStats
from tests.support.bodies import Chunks
from tests.support.builders import exchange, response
from tests.support.clock import FakeClock
from tests.support.stepped_clock import settle

HEADERS = [(b"Authorization", b"Bearer t")]


class Upstream:
    """Answers when it is told to."""

    def __init__(self, answer=None, gate=True):
        self.calls = []
        self.closed = []
        self.answer = answer or (lambda: response(200, b"x"))
        self.gate = asyncio.Event()
        if gate:
            self.gate.set()

    async def __call__(self, subject):
        self.calls.append(subject)
        await self.gate.wait()
        given = self.answer()
        given.on_close(self.closed.append)
        return given


class World:
    def __init__(self, upstream, calm=True, **settings):
        self.upstream = upstream
        self.calm = calm
        self.stats = PrefetchStats()
        self.ahead = Ahead(self.find, lambda: self.calm, FakeClock(), **settings)

    def find(self, target):
        return Destination("kept", self.upstream) if target.startswith("/kept") else None

    def offer(self, *targets, headers=HEADERS):
        self.ahead.offer(exchange(), targets, headers, self.stats)

    @property
    def asked(self):
        return [call.request.target for call in self.upstream.calls]


async def test_a_call_is_made_in_the_background_with_the_fields_given():
    world = World(Upstream())
    world.offer("/kept/1")
    await settle()
    (call,) = world.upstream.calls
    assert call.request == ("GET", "/kept/1", HEADERS, None)
    assert (call.upstream, call.route, call.id) == ("api", "kept", "x1.p1")
    assert call.background
    assert not call.patient
    assert call.timeline.started == 1000.0
    assert call.deadline == 1030.0
    assert world.upstream.closed == [None]
    assert (world.stats.fetched, world.stats.failed) == (1, 0)


async def test_a_route_that_keeps_nothing_is_not_called():
    world = World(Upstream())
    world.offer("/other")
    await settle()
    assert world.asked == []
    assert world.stats.skipped == {"not_kept": 1}


async def test_the_same_call_is_under_way_once_for_each_caller():
    world = World(Upstream(gate=False))
    world.offer("/kept/1", "/kept/1")
    world.offer("/kept/1", headers=[(b"Authorization", b"Bearer other")])
    await settle()
    assert world.asked == ["/kept/1", "/kept/1"]
    assert world.stats.skipped == {"under_way": 1}
    world.upstream.gate.set()
    await settle()
    world.offer("/kept/1")
    await settle()
    assert len(world.asked) == 3


async def test_so_many_are_under_way_and_so_many_wait():
    world = World(Upstream(gate=False), at_once=2, queue=3)
    world.offer(*(f"/kept/{number}" for number in range(7)))
    await settle()
    assert world.asked == ["/kept/0", "/kept/1"]
    assert world.ahead.snapshot() == {"under_way": 2, "waiting": 3}
    assert world.stats.skipped == {"queue_full": 2}
    world.upstream.gate.set()
    await settle()
    assert world.asked == [f"/kept/{number}" for number in range(5)]
    assert world.ahead.snapshot() == {"under_way": 0, "waiting": 0}
    assert world.stats.fetched == 5


async def test_an_upstream_that_has_enough_to_do_is_left_alone():
    world = World(Upstream(), calm=False)
    world.offer("/kept/1")
    await settle()
    assert world.asked == []
    assert world.stats.skipped == {"not_calm": 1}


async def test_it_is_asked_once_for_all_that_one_answer_leads_to_whether_the_upstream_is_calm():
    world, looks = World(Upstream()), []
    world.ahead._calm = lambda: not looks.append(None)
    world.offer(*(f"/kept/{number}" for number in range(10)))
    assert len(looks) == 1
    await settle()
    assert world.stats.fetched == 10


async def test_what_waits_is_dropped_when_the_upstream_gets_into_trouble():
    world = World(Upstream(gate=False), at_once=1)
    world.offer("/kept/1", "/kept/2", "/kept/3")
    await settle()
    world.calm = False
    world.upstream.gate.set()
    await settle()
    assert world.asked == ["/kept/1"]
    assert world.stats.skipped == {"not_calm": 2}
    world.calm = True
    world.offer("/kept/2")
    await settle()
    assert world.asked == ["/kept/1", "/kept/2"]


def reset():
    raise UpstreamReset("gone", code="upstream_reset")


def broken():
    answer = response()
    answer.body = Chunks(b"x", TruncatedBody("cut", code="truncated_body"))
    return answer


@pytest.mark.parametrize("answer", [reset, broken, lambda: response(404), lambda: response(500)])
async def test_a_failure_is_counted_and_nothing_else(answer):
    world = World(Upstream(answer))
    world.offer("/kept/1")
    await settle()
    assert (world.stats.fetched, world.stats.failed) == (0, 1)
    assert len(world.upstream.closed) == (answer is not reset)
    assert world.ahead.snapshot() == {"under_way": 0, "waiting": 0}


async def test_an_endless_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST", 10)
    answer = response()
    answer.body = Chunks(*[b"12345678"] * 3, None)
    world = World(Upstream(lambda: answer))
    world.offer("/kept/1")
    await settle()
    assert world.stats.failed == 1
    assert world.upstream.closed == [None]


async def test_a_call_that_takes_too_long_gives_its_place_back(monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    world = World(Upstream(gate=False), at_once=1)
    world.offer("/kept/1")
    await settle()
    assert world.stats.failed == 1
    assert world.ahead.snapshot()["under_way"] == 0


async def test_closing_ends_what_is_under_way_and_begins_nothing_more():
    world = World(Upstream(gate=False), at_once=2)
    world.offer("/kept/1", "/kept/2", "/kept/3")
    await settle()
    world.offer("/kept/4")
    await world.ahead.close()
    await world.ahead.close()
    world.offer("/kept/5")
    await settle()
    assert world.asked == ["/kept/1", "/kept/2"]
    assert world.ahead.snapshot() == {"under_way": 0, "waiting": 0}
    assert world.stats.failed == 2


async def test_closing_before_a_call_has_begun_leaves_nothing():
    world = World(Upstream())
    world.offer("/kept/1")
    await world.ahead.close()
    assert world.asked == []
    assert world.ahead.snapshot() == {"under_way": 0, "waiting": 0}


def test_a_key_that_was_fetched_ahead_is_used_once():
    keys = PrefetchedKeys()
    keys.fetching("a")
    assert not keys.asked("b")
    assert keys.asked("a")
    assert not keys.asked("a")


def test_keys_that_nobody_asks_for_are_forgotten():
    keys = PrefetchedKeys(most=2)
    for key in "abac":
        keys.fetching(key)
    assert len(keys) == 2
    assert [keys.asked(key) for key in "abc"] == [True, False, True]
