"""The upstream of test_attempts_model.py: what it answers, and what it may be asked, when."""

import asyncio
from collections import defaultdict

from sidecar.errors import (
    AttemptTimeout,
    ConnectError,
    DeadlineExceeded,
    ExchangeError,
    UpstreamReset,
)
from sidecar.exchange import Response
from tests.models.attempts_world import (
    ATTEMPTS,
    BODY,
    BURST,
    EPSILON,
    FIRST_BYTE,
    HALF_LIFE,
    HEDGE_AFTER,
    HEDGE_BURST,
    HEDGE_RATIO,
    MAX_ASKED,
    MAX_WAIT,
    PACE_BURST,
    PROBE,
    RATE,
    RATIO,
    RESERVE,
    SAFE,
    UPSTREAMS,
    Attempt,
    Mood,
    Slow,
)
from tests.models.world import Machine


class Upstream(Machine):
    """An upstream with a mood for each route, which looks at every attempt."""

    def begin_upstream(self, built):
        """All is well, and nobody has asked it yet."""
        self.built = built
        self.moods = {(name, route): Mood() for name in UPSTREAMS for route in ("one", "two")}
        self.failed = set()
        """Routes at which anything has gone wrong."""
        self.mine = {}
        self.sent = defaultdict(list)
        """Instants of attempts, by upstream and recipient."""
        self.newest = defaultdict(int)
        """The latest call that has come to its first attempt, by upstream, route and recipient."""
        self.spent = defaultdict(float)
        """What repetitions have cost, by upstream."""
        self.hedges = defaultdict(int)
        self.begun = defaultdict(int)
        self.open = defaultdict(set)
        """Attempts whose answers are not closed, by upstream."""

    async def upstream(self, exchange):
        call = self.mine[exchange.id]
        place = call.name, call.route
        mood, now = self.moods[place], self.now
        attempt = Attempt(len(call.attempts) + 1, now, mood, self.is_probe(call))
        left = exchange.deadline - now
        assert left > 0, "an attempt after the deadline"
        self.check_repetition(call, attempt)
        self.check_pace(call, attempt)
        self.check_probe(call, attempt)
        call.attempts.append(attempt)
        opened = self.open[call.name]
        opened.add(attempt)
        assert len(opened) <= self.built.inflight
        if exchange.request.body is not None:
            assert await exchange.request.body.read() == BODY
        if mood.error != "connect_error":
            exchange.timeline.sent_at = now + 1e-9
        try:
            response = await self.answer(exchange, mood, left)
        except BaseException as error:
            opened.discard(attempt)
            attempt.cut = not isinstance(error, ExchangeError)
            if not attempt.cut:
                self.failed.add(place)
            raise
        finally:
            attempt.ended = self.now
        if mood.failed:
            self.failed.add(place)
        response.on_close(lambda _error: opened.discard(attempt))
        return response

    async def answer(self, exchange, mood, left):
        if mood.error == "connect_error":
            raise ConnectError("refused", code="connect_error")
        if mood.took >= min(left, FIRST_BYTE):
            await asyncio.sleep(min(left, FIRST_BYTE))
            if left <= FIRST_BYTE:
                raise DeadlineExceeded("late", code="total_timeout")
            raise AttemptTimeout("silent", code="first_byte_timeout")
        await asyncio.sleep(mood.took)
        exchange.timeline.first_byte_at = self.now
        if mood.error:
            raise UpstreamReset("reset", code=mood.error)
        headers = [] if mood.after is None else [(b"Retry-After", b"%d" % mood.after)]
        if mood.after == 0.5:
            headers = [(b"Retry-After", b"0.5")]
        return Response(mood.status, b"OK", headers, Slow(self.loop.call_later, mood))

    def is_probe(self, call):
        found = self.chains.resilience[call.name].breakers.at(call.route, self.now)
        return self.built.breaker and found.stage(self.now) != "closed"

    def check_repetition(self, call, attempt):
        """It is sent twice only where that does no harm, in time, and as often as was said."""
        active = [each for each in call.attempts if each.ended is None]
        before = [each for each in call.attempts if each.ended is not None and not each.cut]
        if active:
            assert (len(active), call.method in SAFE, self.built.hedged) == (1, True, True)
            waits = self.built.narrow or self.built.paced or self.built.breaker
            took = attempt.began - call.attempts[0].began  # what it waited here counts as well
            assert waits or took >= HEDGE_AFTER - EPSILON
            self.hedges[call.name] += 1
            assert self.hedges[call.name] <= HEDGE_BURST + HEDGE_RATIO * self.begun[call.name]
        for each in before:
            if call.method not in SAFE:
                assert each.mood.proves_undone, f"sent again after {each.mood}"
            assert each.mood.error or each.mood.took > FIRST_BYTE or each.mood.status >= 408
            if each.mood.after is not None and not active:
                assert attempt.began - each.ended >= each.mood.after - EPSILON
                assert each.mood.after <= MAX_ASKED
        most = ATTEMPTS + self.built.hedged
        assert attempt.number <= most
        if call.attempts:
            late = not active and call.attempts[-1].mood.took > FIRST_BYTE
            self.spent[call.name] += 2.0 if late else 1.0
            most = BURST + RATIO * self.begun[call.name] + RESERVE * (1 + self.now / HALF_LIFE)
            assert self.spent[call.name] <= most + EPSILON, "more repetitions than the budget has"

    def check_pace(self, call, attempt):
        """In any window, what passes <= burst + rate x seconds; and in the order of arrival.

        What has passed may then wait for its place among the calls in flight.
        """
        if not self.built.paced:
            return
        sent = self.sent[call.name, call.to]
        sent.append(attempt.began)
        waits = MAX_WAIT if self.built.narrow else 0.0
        for number, first in enumerate(sent):
            seconds = attempt.began - first + waits
            assert len(sent) - number <= PACE_BURST + RATE * seconds + 1e-3
        if attempt.number == 1 and not (self.built.breaker or self.built.narrow):
            key = call.name, call.to
            assert call.order > self.newest[key], "overtaken by a later call to the same"
            self.newest[key] = call.order

    def check_probe(self, call, attempt):
        """An upstream in trouble is asked by one at a time."""
        if not attempt.probe:
            return
        for other in self.mine.values():
            if (other.name, other.route) == (call.name, call.route):
                for each in other.attempts:
                    recent = attempt.began - each.began < PROBE - EPSILON
                    assert not (each.probe and each.ended is None and recent), "two probes at once"
