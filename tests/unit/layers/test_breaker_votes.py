import asyncio

import pytest

from sidecar.errors import (
    AttemptTimeout,
    ClientClosed,
    PoolTimeout,
    Rejected,
    TruncatedBody,
)
from tests.support.breakers import REFUSED, Guarded, hang, judged
from tests.support.builders import exchange, response
from tests.support.clock import FakeClock
from tests.support.virtual_time import virtually


@virtually
async def test_any_answer_to_a_probe_closes_it():
    world = Guarded()
    await world.open()
    world.does = lambda: judged(404)
    assert await world.call() == 404
    assert world.breaker.state == "closed"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (REFUSED, "open"),
        (AttemptTimeout("no answer", code="first_byte_timeout"), "open"),
        (lambda: judged(503), "open"),
        (lambda: judged(429), "closed"),
        (lambda: judged(400), "closed"),
        (lambda: response(503), "closed"),  # the sidecar's own: nobody has judged it
        (PoolTimeout("busy", code="pool_timeout"), "closed"),
        (Rejected("too many", code="limit_full"), "closed"),
    ],
)
async def test_what_counts_is_the_upstreams_health_only(outcome, state):
    world = Guarded(FakeClock())
    world.does = outcome
    for _ in range(20):
        await world.call()
        if world.breaker.state == "open":
            break
    assert world.breaker.state == state
    assert world.breaker.snapshot(0.0)["in_flight"] == 0


async def test_clients_that_leave_do_not_count():
    world = Guarded(FakeClock())
    world.does = hang
    for _ in range(20):
        (task,) = world.start("GET")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert (len(world.calls), world.breaker.state) == (20, "closed")
    assert world.breaker.snapshot(0.0)["in_flight"] == 0


async def test_a_fault_of_the_sidecar_gives_the_permit_back_and_goes_on():
    world = Guarded(FakeClock())
    world.does = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await world.call()
    assert world.breaker.snapshot(0.0)["in_flight"] == 0


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TruncatedBody("cut", code="truncated_body"), "open"),
        (AttemptTimeout("stalled", code="idle_timeout"), "open"),
        (ClientClosed("left", code="client_closed"), "closed"),
        (asyncio.CancelledError(), "closed"),
        (None, "closed"),
    ],
)
async def test_a_body_that_breaks_counts_when_the_upstream_broke_it(error, state):
    world = Guarded(FakeClock())
    for _ in range(4):
        answer = await world.handler(exchange())
        assert answer.status == 200
        answer.close(error)
        answer.close(error)
        if world.breaker.state == "open":
            break
    assert world.breaker.state == state


async def test_the_wait_that_the_upstream_asks_for_is_kept():
    world = Guarded(FakeClock())
    world.does = lambda: judged(503, wait=20.0)
    for _ in range(5):
        await world.call()
    assert await world.call() == "breaker_open"
    assert world.refused.retry_after == pytest.approx(20.0)


async def test_slow_is_what_the_upstream_took_not_what_waited_before():
    world = Guarded(FakeClock(), slow=1.0, window=100.0)

    def answering(at_upstream):
        def does():
            world.last.timeline.at_upstream += at_upstream
            world.clock.advance(3.0)
            return judged()

        return does

    world.does = answering(0.5)
    for _ in range(10):
        await world.call()
    assert world.breaker.state == "closed"
    world.clock.advance(200.0)
    world.does = answering(1.5)
    for _ in range(6):
        await world.call()
    assert world.breaker.state == "open"
