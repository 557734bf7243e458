"""Where no other attempt is let out, the upstream's last answer goes back, if it can."""

import pytest

from sidecar.config import Retry
from sidecar.errors import DeadlineExceeded, Draining, PoolTimeout, Rejected
from sidecar.exchange import stack
from sidecar.layers.retry import Parts, retry
from sidecar.peeked import peek
from tests.support.bodies import whole
from tests.support.builders import exchange, request, response
from tests.support.retried import REFUSED, RESET, World, judged


async def looked_at(status, body, **more):
    """A response as the judge layer passes it on: all of its body has been looked at."""
    answer = response(status, body, **more)
    await peek(answer, 1000)
    return answer


@pytest.mark.parametrize(
    "refusal",
    [
        Rejected("open", code="breaker_open", retry_after=5.0),
        Rejected("full", code="limit_full"),
        Rejected("full", code="pace_timeout"),
        PoolTimeout("busy", code="pool_timeout"),
        DeadlineExceeded("held too long", code="total_timeout"),
        Draining("draining", sent=False),
    ],
    ids=lambda error: error.code,
)
async def test_the_last_real_answer_goes_back_when_no_other_attempt_is_let_out(refusal):
    closed = []
    first = await looked_at(503, b"overloaded", headers=[(b"X-A", b"1")])
    first.on_close(closed.append)
    world = World(first, refusal)
    answer = await world.call("POST", b"message")
    assert closed == [None]
    assert answer is not first
    assert (answer.status, answer.reason, answer.headers) == (503, b"OK", [(b"X-A", b"1")])
    assert (answer.source, answer.judgement) == ("upstream", judged(503))
    assert answer.body.length == 10
    assert await whole(answer) == b"overloaded"
    assert (world.stats.retries, world.stats.rescued) == ({"http_503": 1}, 0)
    assert world.stats.skipped == {refusal.code: 1}


async def test_the_answer_that_goes_back_is_the_newest_one():
    answers = [await looked_at(503, b"1"), await looked_at(503, b"2")]
    world = World(*answers, Rejected("open", code="breaker_open"))
    assert await whole(await world.call()) == b"2"


async def test_the_time_of_the_answer_that_goes_back_is_its_own():
    world = World(await looked_at(503, b"1"), Rejected("open", code="breaker_open"), wait=1.0)
    subject = exchange(request(), deadline=200.0)
    subject.timeline.first_byte_at = 100.5
    await world.handler(subject)
    assert subject.timeline.first_byte_at == 100.5


async def test_an_answer_to_a_head_goes_back_without_its_body():
    first = response(503, b"", [(b"Content-Length", b"7")])
    answer = await World(first, Rejected("open", code="breaker_open")).call("HEAD")
    assert (answer.status, await whole(answer)) == (503, b"")


async def test_an_answer_that_is_not_wholly_in_memory_is_not_kept():
    first = response(503, b"too long to be looked at")
    await peek(first, 1)
    first.body.ended = False
    with pytest.raises(Rejected):
        await World(first, Rejected("open", code="breaker_open")).call()


async def test_a_later_attempt_that_went_out_is_what_counts():
    world = World(await looked_at(503, b"1"))
    timed_out = DeadlineExceeded("no answer", code="total_timeout")

    async def sent(subject):
        if subject.attempt == 1:
            return await world._upstream(subject)
        subject.timeline.sent_at = world.clock.now() + 1
        raise timed_out

    handler = stack(retry(Parts(Retry(), world.budget, world.stats, world.clock)), on=sent)
    with pytest.raises(DeadlineExceeded):
        await handler(exchange(request(), deadline=200.0))


@pytest.mark.parametrize("later", [REFUSED, RESET])
async def test_an_error_of_the_upstream_is_newer_than_its_last_answer(later):
    world = World(await looked_at(503, b"1"), later, config=Retry(attempts=2))
    with pytest.raises(type(later)):
        await world.call()


async def test_without_an_answer_the_refusal_itself_goes_back():
    with pytest.raises(Rejected):
        await World(REFUSED, Rejected("open", code="breaker_open")).call()
