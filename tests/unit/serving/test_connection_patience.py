import pytest

from sidecar.config import Limits
from sidecar.serving.patience import Patience


class Loop:
    """A loop whose time passes when a test says so."""

    def __init__(self):
        self.now = 0.0
        self.timers = []

    def time(self):
        return self.now

    def call_later(self, seconds, call):
        timer = Timer(self.now + seconds, call)
        self.timers.append(timer)
        return timer

    def pass_(self, seconds):
        until = self.now + seconds
        while due := [each for each in self.timers if not each.over and each.at <= until]:
            first = min(due, key=lambda timer: timer.at)
            self.now, first.over = max(self.now, first.at), True
            first.call()
        self.now = until


class Timer:
    def __init__(self, at, call):
        self.at, self.call, self.over = at, call, False

    def cancel(self):
        self.over = True


class World:
    def __init__(self):
        self.loop, self.ended_at, self.waits = Loop(), None, True
        self.patience = Patience(
            self.loop, Limits(head=10.0, keep_alive=100.0), lambda: self.waits, self.over
        )

    def over(self):
        self.ended_at = self.loop.now


@pytest.fixture
def world():
    return World()


def test_a_connection_on_which_nothing_comes_ends_with_its_idle_time(world):
    world.loop.pass_(1000)
    assert world.ended_at == pytest.approx(100)


def test_a_head_ends_with_its_time_however_often_something_comes(world):
    world.loop.pass_(50)
    for _ in range(30):
        world.patience.wait(within_head=True)
        world.loop.pass_(1)
    assert world.ended_at == pytest.approx(60)


def test_a_head_that_is_whole_in_time_is_forgotten_and_so_is_what_was_idle(world):
    for _ in range(20):
        world.patience.wait(within_head=True)
        world.loop.pass_(9)
        world.patience.begin()
        world.waits = False
        world.loop.pass_(500)  # it is answered
        world.waits = True
        world.patience.wait(within_head=False)
        world.loop.pass_(90)
    assert world.ended_at is None


def test_a_part_of_the_next_head_has_a_time_of_its_own(world):
    world.patience.wait(within_head=True)
    world.loop.pass_(9)
    world.patience.begin()
    world.patience.wait(within_head=True)
    world.loop.pass_(9)
    assert world.ended_at is None
    world.loop.pass_(2)
    assert world.ended_at == pytest.approx(19)


def test_nothing_comes_once_nobody_waits(world):
    world.patience.wait(within_head=True)
    world.patience.end()
    world.patience.end()
    world.loop.pass_(1000)
    assert world.ended_at is None
