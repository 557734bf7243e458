"""Which calls are sent again, after which wait, and until when."""

import asyncio

import pytest

from sidecar.config import Retry
from sidecar.errors import ConnectError, UpstreamReset
from sidecar.exchange import stack
from sidecar.layers.retry import Parts, retry
from tests.support.builders import exchange, request, response
from tests.support.retried import REFUSED, RESET, World


async def test_a_success_is_passed_on_as_it_is():
    answer = response(200, b"ok")
    world = World(answer)
    assert await world.call() is answer
    assert (world.attempts, world.stats.retries, world.stats.rescued) == ([(1, b"")], {}, 0)


async def test_a_call_that_was_never_sent_is_repeated_whatever_its_method():
    world = World(REFUSED, REFUSED, response(201))
    answer = await world.call("POST", b"message")
    assert answer.status == 201
    assert world.attempts == [(1, b"message"), (2, b"message"), (3, b"message")]
    assert (world.stats.retries, world.stats.rescued) == ({"connect_error": 2}, 1)


async def test_a_post_that_may_have_been_sent_is_not_repeated():
    world = World(RESET)
    with pytest.raises(UpstreamReset):
        await world.call("POST", b"message")
    assert world.stats.skipped == {"not_idempotent": 1}


async def test_the_last_answer_of_the_upstream_goes_back_whole():
    world = World(response(503, b"1"), response(503, b"2"), response(503, b"three"))
    answer = await world.call()
    assert answer.status == 503
    assert [await answer.body.read() for _ in range(2)] == [b"three", b""]
    assert world.stats.skipped == {"attempts": 1}


async def test_an_answer_that_is_not_passed_on_is_closed_before_the_wait():
    closed = []
    first = response(503)
    first.on_close(lambda _error: closed.append(world.clock.now()))
    world = World(first, response(200), wait=3.0)
    await world.call()
    assert closed == [100.0]
    assert world.clock.now() == 103.0
    assert world.exchange.timeline.backoff == 3.0


async def test_a_wait_beyond_the_deadline_is_not_begun():
    world = World(response(503), wait=5.0)
    answer = await world.call(left=4.0)
    assert (answer.status, world.clock.now()) == (503, 100.0)
    assert world.stats.skipped == {"deadline": 1}


async def test_an_empty_budget_ends_repetition():
    world = World(response(503), burst=0)
    assert (await world.call()).status == 503
    assert world.stats.skipped == {"budget": 1}


@pytest.mark.parametrize(("status", "earned"), [(200, 0.1), (404, 0.1), (503, 0.0)])
async def test_an_upstream_that_answers_well_earns_a_part_of_a_repetition(status, earned):
    world = World(response(status), config=Retry(attempts=1), burst=10)
    world.budget.withdraw(5.0, 100.0)
    await world.call()
    assert world.budget.tokens == pytest.approx(5.0 + earned)


async def test_one_attempt_means_none_after_it():
    world = World(REFUSED, config=Retry(attempts=1))
    with pytest.raises(ConnectError):
        await world.call()
    assert world.attempts == [(1, b"")]


async def test_a_response_that_nobody_judged_is_judged_by_its_status():
    world = World()
    answers = [response(429, b"", [(b"Retry-After", b"2")]), response(200)]
    handler = stack(
        retry(Parts(Retry(), world.budget, world.stats, world.clock)),
        on=lambda _exchange: asyncio.sleep(0, answers.pop(0)),
    )
    assert (await handler(exchange(request("POST"), deadline=200.0))).status == 200
    assert world.stats.retries == {"http_429": 1}
    assert world.clock.slept == [2.0]


async def test_a_client_that_leaves_during_the_wait_leaves_nothing_open():
    closed = []
    first = response(503)
    first.on_close(closed.append)
    world = World(first)

    async def endless(_seconds):
        await asyncio.Event().wait()

    world.clock.sleep = endless
    call = asyncio.ensure_future(world.call())
    for _ in range(5):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert closed == [None]


async def test_waits_are_random_parts_of_doubling_steps():
    waits = []
    for _ in range(40):
        world = World(REFUSED, REFUSED, response(200), config=Retry(base=1.0, cap=1.5))
        await world.call()
        waits.append(world.exchange.timeline.backoff)
    assert all(0.0 <= wait <= 1.0 + 1.5 for wait in waits)
    assert len(set(waits)) > 30


async def test_a_post_with_a_key_that_the_upstream_honours_is_repeated_when_it_may_have_been_sent():
    world = World(RESET, response(201))

    async def keyed(subject):
        subject.repeatable = True
        return await world.handler(subject)

    answer = await keyed(exchange(request("POST", body=b"message"), deadline=130.0))
    assert (answer.status, world.attempts) == (201, [(1, b"message"), (2, b"message")])
