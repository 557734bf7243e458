import asyncio

import pytest

from sidecar.config import Retry
from sidecar.core.budget import Budget
from sidecar.core.judgement import Judgement
from sidecar.errors import ConnectError, TruncatedBody, UpstreamReset
from sidecar.exchange import stack
from sidecar.layers.retry import Parts, retry
from sidecar.telemetry.retry_stats import RetryStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

REFUSED = ConnectError("refused", code="connect_error")
RESET = UpstreamReset("reset", code="upstream_reset")


class Statuses:
    """A dialect in which 503 is refused and all else of 400 and above is permanent."""

    def __init__(self, wait=None):
        self.wait = wait
        self.seen = []

    def judge(self, method, status, headers, body, wall):
        self.seen.append((method, status, body))
        if status == 503:
            return Judgement("failure", "refused", "http_503", wait=self.wait)
        kind = "done" if status < 400 else "permanent"
        return Judgement("success" if status < 400 else "ignore", kind, f"http_{status}")


class World:
    def __init__(self, *outcomes, dialect=None, config=None, burst=100):
        self.outcomes = list(outcomes)
        self.attempts = []
        self.clock = FakeClock(start=100.0)
        self.stats = RetryStats()
        self.dialect = dialect or Statuses()
        self.budget = Budget(0.1, burst, 0.0)
        parts = Parts(config or Retry(), self.dialect, self.budget, self.stats, self.clock)
        self.handler = stack(retry(parts), on=self._upstream)

    async def _upstream(self, subject):
        body = subject.request.body
        self.attempts.append((subject.attempt, b"" if body is None else await body.read()))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
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
    assert [body for *_, body in world.dialect.seen] == [b"1", b"2", b"three"]


async def test_an_answer_that_is_not_passed_on_is_closed_before_the_wait():
    closed = []
    first = response(503)
    first.on_close(lambda _error: closed.append(world.clock.now()))
    world = World(first, response(200), dialect=Statuses(wait=3.0))
    await world.call()
    assert closed == [100.0]
    assert world.clock.now() == 103.0
    assert world.exchange.timeline.backoff == 3.0


async def test_a_wait_beyond_the_deadline_is_not_begun():
    world = World(response(503), dialect=Statuses(wait=5.0))
    answer = await world.call(left=4.0)
    assert (answer.status, world.clock.now()) == (503, 100.0)
    assert world.stats.skipped == {"deadline": 1}


async def test_an_empty_budget_ends_repetition():
    world = World(response(503), burst=0)
    assert (await world.call()).status == 503
    assert world.stats.skipped == {"budget": 1}


async def test_one_attempt_means_none_after_it():
    world = World(REFUSED, config=Retry(attempts=1))
    with pytest.raises(ConnectError):
        await world.call()
    assert world.attempts == [(1, b"")]


async def test_an_error_body_that_breaks_is_judged_by_what_came_and_breaks_again():
    class Broken:
        length = 10

        def __init__(self):
            self.parts = [b"half"]

        def take(self):
            return self.parts.pop() if self.parts else None

        async def read(self):
            if data := self.take():
                return data
            raise TruncatedBody("early", code="truncated_body")

    answer = response(400)
    answer.body = Broken()
    world = World(answer)
    got = await world.call()
    assert await got.body.read() == b"half"
    with pytest.raises(TruncatedBody):
        await got.body.read()
    assert world.dialect.seen == [("GET", 400, b"half")]


async def test_a_client_that_leaves_during_a_peek_closes_the_response():
    class Endless:
        length = None

        def take(self):
            return None

        async def read(self):
            await asyncio.Event().wait()

    closed = []
    answer = response(500)
    answer.body = Endless()
    answer.on_close(closed.append)
    world = World(answer)
    call = asyncio.ensure_future(world.call())
    for _ in range(5):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(closed) == 1


async def test_waits_are_random_parts_of_doubling_steps():
    waits = []
    for _ in range(40):
        world = World(REFUSED, REFUSED, response(200), config=Retry(base=1.0, cap=1.5))
        await world.call()
        waits.append(world.exchange.timeline.backoff)
    assert all(0.0 <= wait <= 1.0 + 1.5 for wait in waits)
    assert len(set(waits)) > 30
