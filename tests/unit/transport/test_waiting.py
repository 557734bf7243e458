import asyncio

from sidecar.core.allowance import Allowance
from sidecar.transport.waiting import Signal, Timer

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
