"""The calendar of the machine is set back or forward while answers are stored."""

import pytest

from sidecar.core.cache.calendar import Calendar
from sidecar.core.cache.generations import Generations
from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.store.bounded import Bounded
from sidecar.store.entries import Entries
from sidecar.telemetry.store_stats import StoreStats
from tests.support.clock import FakeClock


class Sidecar:
    """Its stored answers, each for a minute."""

    def __init__(self):
        self.clock = FakeClock()
        self.hearing = Hearing(5.0)
        memory = Bounded(10_000, 10_000, StoreStats())
        self.entries = Entries(
            memory, Generations(), b"secret", hearing=self.hearing, elapsed=self.clock.now
        )

    def keep(self, key="k", asked_at=None):
        at = self.clock.wall() if asked_at is None else asked_at
        head = Head(200, b"OK", [])
        self.entries.keep(key, Entry(head, b"one", at, Plan(60.0), (), upstream="api", path="/"))

    async def is_fresh(self, key="k"):
        now = self.clock.wall()
        found = (await self.entries.find(key, [], now)).entry
        return found is not None and now < found.fresh_until

    def set_calendar(self, seconds):
        self.clock._offset += seconds


@pytest.mark.parametrize("back", [2.0, 30.0, 3600.0])
async def test_nothing_is_fresh_for_longer_because_the_calendar_was_set_back(back):
    subject = Sidecar()
    subject.keep()
    subject.clock.advance(50.0)
    assert await subject.is_fresh()
    subject.set_calendar(-back)
    subject.clock.advance(11.0)
    assert not await subject.is_fresh()
    subject.keep()
    assert await subject.is_fresh()


async def test_what_was_asked_for_before_it_and_came_after_it_is_not_fresh_either():
    subject = Sidecar()
    assert not await subject.is_fresh()
    asked_at = subject.clock.wall()
    subject.set_calendar(-30.0)
    assert not await subject.is_fresh()
    subject.keep(asked_at=asked_at)
    assert not await subject.is_fresh()


async def test_a_calendar_that_is_set_right_by_little_steps_costs_nothing():
    subject = Sidecar()
    subject.keep()
    for _ in range(9):
        subject.set_calendar(-0.1)
        subject.clock.advance(1.0)
        assert await subject.is_fresh()


async def test_nothing_that_others_may_change_counts_as_heard_of_ahead():
    subject = Sidecar()
    before = subject.clock.wall()
    subject.hearing.begin(before - 100.0)
    subject.hearing.heard(before)
    assert not await subject.is_fresh()
    subject.set_calendar(-1000.0)
    assert not await subject.is_fresh()
    now = subject.clock.wall()
    assert not subject.hearing.is_due(now, now, now + 5.0)
    assert subject.hearing.is_due(now, now, now + 5.1)


def test_it_does_not_begin_to_hear_because_the_calendar_was_set():
    silent, same = Hearing(5.0), Hearing(5.0)
    silent.set_back(100.0)
    for now in (105.0, 106.0):
        assert silent.is_due(100.0, 0.0, now) is same.is_due(100.0, 0.0, now)


@pytest.mark.parametrize(
    ("walls", "expected"),
    [
        ([0, 1, 2, 3], [False] * 4),
        ([0, 1, 0.5, 1.5], [False, False, True, False]),
        ([0, 100, 101, 5, 6], [False, False, False, True, False]),
        ([0, 0.6, 1.2, 1.8, 2.4], [False, False, False, True, False]),
    ],
)
def test_it_is_seen_once_whatever_came_before(walls, expected):
    calendar = Calendar()
    assert [calendar.was_set_back(wall, at) for at, wall in enumerate(walls)] == expected
    assert repr(calendar).startswith("<Calendar ")


def test_a_memory_that_forgot_all_is_as_good_as_new():
    stats = StoreStats()
    memory = Bounded(10_000, 1000, stats)
    for number in range(20):
        memory.put(str(number), number, 100)
    memory.clear()
    assert (len(memory), memory.size, stats.bytes, stats.entries) == (0, 0, 0, 0)
    for number in range(20):
        memory.put(str(number), number, 100)
    assert memory.size <= 10_000
    assert memory.get("19") == 19
