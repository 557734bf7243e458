import asyncio

import pytest

from sidecar.config import Retry
from sidecar.core.budget import Budget
from sidecar.errors import (
    ConnectError,
    DeadlineExceeded,
    Draining,
    PoolTimeout,
    Rejected,
    UpstreamReset,
)
from sidecar.exchange import stack
from sidecar.judgement import Judgement
from sidecar.layers.retry import Parts, retry
from sidecar.peeked import peek
from sidecar.telemetry.retry_stats import RetryStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

REFUSED = ConnectError("refused", code="connect_error")
RESET = UpstreamReset("reset", code="upstream_reset")


def judged(status, wait=None):
    """503 is refused and all else of 400 and above is permanent."""
    if status == 503:
        return Judgement("failure", "refused", "http_503", wait=wait)
    kind = "done" if status < 400 else "permanent"
    return Judgement("success" if status < 400 else "ignore", kind, f"http_{status}")


class World:
    def __init__(self, *outcomes, wait=None, config=None, burst=100):
        self.outcomes = list(outcomes)
        self.attempts = []
        self.wait = wait
        self.clock = FakeClock(start=100.0)
        self.stats = RetryStats()
        self.budget = Budget(0.1, burst, 0, 30.0)
        parts = Parts(config or Retry(), self.budget, self.stats, self.clock)
        self.handler = stack(retry(parts), on=self._upstream)

    async def _upstream(self, subject):
        body = subject.request.body
        self.attempts.append((subject.attempt, b"" if body is None else await body.read()))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        outcome.judgement = judged(outcome.status, self.wait)
        return outcome

    async def call(self, method="GET", body=None, left=30.0):
        self.exchange = exchange(request(method, body=body), deadline=100.0 + left)
        return await self.handler(self.exchange)


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


async def looked_at(status, body, **more):
    """A response as the judge layer passes it on: all of its body has been looked at."""
    answer = response(status, body, **more)
    await peek(answer, 1000)
    return answer


async def whole(answer):
    parts = []
    while part := await answer.body.read():
        parts.append(part)
    return b"".join(parts)


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
