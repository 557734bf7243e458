import asyncio

from sidecar.core.allowance import Allowance
from sidecar.waiting import Signal, Timer

SOON = Allowance(0.0, "idle_timeout")
NEVER = Allowance(600.0, "idle_timeout")


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_signal_wakes_who_waits():
    signal = Signal(asyncio.get_running_loop())
    waiting = asyncio.ensure_future(signal.wait())
    await turns()
    assert not waiting.done()
    signal.set()
    signal.set()
    await waiting


async def test_a_signal_that_nobody_waited_for_is_forgotten():
    signal = Signal(asyncio.get_running_loop())
    signal.set()
    waiting = asyncio.ensure_future(signal.wait())
    await turns()
    assert not waiting.done()
    waiting.cancel()
    await turns()
    signal.set()


async def test_a_signal_is_waited_for_no_longer_than_asked():
    await Signal(asyncio.get_running_loop()).wait(0.0)


async def test_the_end_of_one_wait_does_not_end_the_next():
    signal = Signal(asyncio.get_running_loop())
    first = asyncio.ensure_future(signal.wait(0.0))
    await first
    second = asyncio.ensure_future(signal.wait(600.0))
    await turns()
    assert not second.done()
    signal.set()
    await second


async def test_a_timer_tells_which_allowance_expired():
    told = asyncio.Queue()
    timer = Timer(asyncio.get_running_loop(), lambda *what: told.put_nowait(what))
    timer.arm(SOON, "while waiting")
    assert await told.get() == (SOON, "while waiting")


async def test_a_timer_that_is_armed_again_or_disarmed_forgets_what_ran():
    told = []
    timer = Timer(asyncio.get_running_loop(), lambda *what: told.append(what))
    timer.arm(SOON, "first")
    timer.arm(NEVER, "second")
    await turns()
    timer.disarm()
    timer.arm(SOON, "third")
    timer.disarm()
    timer.disarm()
    await turns()
    assert told == []


class Loop:
    """Time and timers of a loop, moved on by hand."""

    def __init__(self):
        self.now = 0.0
        self.set: list[list] = []

    def time(self):
        return self.now

    def call_later(self, seconds, callback):
        timer = [self.now + seconds, callback]
        self.set.append(timer)
        return type("Handle", (), {"cancel": lambda _: self.set.remove(timer)})()

    def until(self, now):
        while self.set and (first := min(self.set, key=lambda each: each[0]))[0] <= now:
            self.set.remove(first)
            self.now = first[0]
            first[1]()
        self.now = now


def after(seconds):
    return Allowance(seconds, "idle_timeout")


def timer_of(loop):
    told = []
    return Timer(loop, lambda allowance, _: told.append((loop.now, allowance.seconds))), told


def test_a_timer_that_is_armed_again_for_later_comes_at_its_own_time():
    loop = Loop()
    timer, told = timer_of(loop)
    for now in range(0, 100, 4):  # an exchange every four seconds, ten allowed for each
        loop.until(now)
        timer.arm(after(10.0), "")
        assert len(loop.set) == 1
        if now < 96:
            timer.disarm()
    loop.until(105.9)
    assert told == []
    loop.until(200)
    assert (told, loop.set) == ([(106.0, 10.0)], [])


def test_a_timer_that_is_armed_again_for_sooner_comes_sooner():
    loop = Loop()
    timer, told = timer_of(loop)
    timer.arm(after(60.0), "")
    timer.disarm()
    timer.arm(after(5.0), "")
    loop.until(100)
    assert (told, loop.set) == ([(5.0, 5.0)], [])


def test_a_timer_that_is_closed_leaves_nothing_with_the_loop_and_tells_nobody_any_more():
    loop = Loop()
    timer, told = timer_of(loop)
    timer.arm(after(5.0), "")
    timer.close()
    timer.close()
    assert loop.set == []
    timer.arm(after(7.0), "")
    loop.until(100)
    assert not told
