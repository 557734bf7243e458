import time

from sidecar.clock import SystemClock


def test_time_runs_forward_and_knows_the_date():
    clock = SystemClock()
    before = time.time()
    first, second = clock.now(), clock.now()
    assert first <= second
    assert before - 1 <= clock.wall() <= time.time() + 1


async def test_sleeping_waits_no_less_than_asked():
    clock = SystemClock()
    started = clock.now()
    await clock.sleep(0.001)
    assert clock.now() - started >= 0.0009
