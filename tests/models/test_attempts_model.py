"""Every attempt at the upstream is one that may be made, now; whatever happens in what order.

The model sees what reaches the upstream, and what the application gets. Its rules are those of
docs/resilience.md; it knows nothing of the code that decides.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from sidecar.errors import (
    AttemptTimeout,
    ConnectError,
    DeadlineExceeded,
    ExchangeError,
    Rejected,
    TruncatedBody,
    UpstreamReset,
)
from sidecar.exchange import BytesBody, Exchange, Response
from tests.models.world import Chains, Machine, budget

TOTAL, FIRST_BYTE = 6.0, 2.5
ATTEMPTS, RATIO, BURST, RESERVE, HALF_LIFE = 8, 0.1, 6, 1, 100.0
HOLD, MOST_HELD, PROBE = 1.5, 3, 2.0
MAX_WAIT, WAITERS = 0.5, 4
RATE, PACE_BURST, PACE_WAITERS = 5.0, 3, 4
HEDGE_AFTER, HEDGE_RATIO, HEDGE_BURST = 0.3, 0.2, 5
MAX_ASKED = 2.0
EPSILON = 1e-6
BODY = b"a message, byte for byte"
SAFE = ("GET", "HEAD")
UPSTREAMS = ("api", "other")


class Built(NamedTuple):
    """Which layers are configured."""

    breaker: bool
    narrow: bool
    """Whether the limit is one that is reached."""
    paced: bool
    hedged: bool

    @property
    def inflight(self):
        return 3 if self.narrow else 1000

    def text(self):
        return "upstreams:\n" + "".join(self.upstream(name) for name in UPSTREAMS)

    def upstream(self, name):
        lines = [
            f"{name}:",
            f"  url: http://{name}.test",
            f"  timeouts: {{total: {TOTAL}s, first_byte: {FIRST_BYTE}s}}",
            f"  retry: {{attempts: {ATTEMPTS}, base: 100ms, cap: 400ms, max_wait: {MAX_ASKED}s,",
            f"          budget: {{ratio: {RATIO}, burst: {BURST}, reserve: {RESERVE},",
            f"                   half_life: {HALF_LIFE}s}}}}",
            f"  limit: {{inflight: {self.inflight}, max_wait: {MAX_WAIT}s,",
            f"          max_waiters: {WAITERS}}}",
            f"  breaker: {{enabled: {str(self.breaker).lower()}, key: route, hold: {HOLD}s,",
            f"            max_held: {MOST_HELD}, consecutive: 3, probe_timeout: {PROBE}s,",
            "            early: 1h}",
            f"  hedge: {{enabled: {str(self.hedged).lower()}, delay: {HEDGE_AFTER}s,",
            f"          ratio: {HEDGE_RATIO}}}",
            "  routes:",
            "    - {name: one, match: {path: /one}}",
            "    - {name: two, match: {path: /two}}",
        ]
        if self.paced:
            lines.append(
                f"  pace: [{{rate: {RATE:g}/s, burst: {PACE_BURST}, key: 'header:x-to',"
                f" max_wait: 2s, max_waiters: {PACE_WAITERS}}}]"
            )
        return "".join(f"  {line}\n" for line in lines)


class Mood(NamedTuple):
    """What the upstream does with whatever comes to a route."""

    status: int = 200
    error: str = ""
    after: float | None = None
    """Retry-After."""
    took: float = 0.02
    body: float = 0.0
    """Seconds that the body takes."""
    breaks: bool = False
    """Whether the body breaks."""

    @property
    def failed(self):
        """Whether it counts against the upstream."""
        return bool(self.error) or self.status >= 500 or self.breaks or self.took > FIRST_BYTE

    @property
    def proves_undone(self):
        said = self.status == 503 and self.after is not None
        return self.error == "connect_error" or self.status in {408, 425, 429} or said


MOODS = (
    Mood(),
    Mood(took=0.5),
    Mood(body=0.7),
    Mood(breaks=True),
    Mood(400),
    Mood(404),
    Mood(429),
    Mood(429, after=1.0),
    Mood(429, after=30.0),
    Mood(500),
    Mood(503),
    Mood(503, after=0.5),
    Mood(503, took=1.0),
    Mood(error="connect_error"),
    Mood(error="upstream_reset", took=0.1),
    Mood(took=60.0),
)


@dataclass(eq=False)
class Attempt:
    """One attempt as the upstream saw it."""

    number: int
    began: float
    mood: Mood
    probe: bool
    ended: float | None = None
    """When its head went, or it broke."""
    closed: bool = False
    cut: bool = False
    """Whether the sidecar ended it."""


@dataclass(eq=False)
class Call:
    """One call of the application."""

    order: int
    method: str
    name: str
    """Of the upstream."""
    route: str
    to: str
    began: float
    exchange: Exchange
    attempts: list[Attempt] = field(default_factory=list)


class Slow:
    """A body that takes its time, and may break."""

    def __init__(self, call_later, mood):
        self.length = 6
        self._later, self._mood = call_later, mood
        self._left = [b"answer", b""]

    def take(self):
        if self._mood.body or self._mood.breaks:
            return None
        return self._left.pop(0) if self._left else b""

    async def read(self):
        if self._mood.body:
            await asyncio.sleep(self._mood.body)
        if self._mood.breaks:
            raise TruncatedBody("cut off", code="truncated_body")
        return self._left.pop(0) if self._left else b""


class Attempts(Machine):
    """Applications that call, and an upstream with a mood for each route."""

    @initialize(
        breaker=st.booleans(), narrow=st.booleans(), paced=st.booleans(), hedged=st.booleans()
    )
    def begin_it(self, breaker, narrow, paced, hedged):
        self.built = Built(breaker, narrow, paced, hedged)
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
        self.chains = self.run(self.make())

    async def make(self):
        return Chains(self.built.text(), self.watched(self.upstream))

    def resilience(self):
        return self.chains.resilience.items()

    # ------------------------------------------------------------------------- the upstream

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

    # ------------------------------------------------------------------------- applications

    @rule(name=st.sampled_from(UPSTREAMS), route=st.sampled_from(("one", "two")), data=st.data())
    def mood_changes(self, name, route, data):
        self.moods[name, route] = data.draw(st.sampled_from(MOODS))

    @rule()
    def all_is_well(self):
        self.moods = dict.fromkeys(self.moods, Mood())

    @rule(
        name=st.sampled_from((*UPSTREAMS, "api", "api")),
        route=st.sampled_from(("one", "one", "two")),
        method=st.sampled_from(("GET", "GET", "POST", "POST", "HEAD")),
        to=st.sampled_from("ab"),
        many=st.sampled_from((1, 1, 1, 3, 8)),
    )
    def call(self, name, route, method, to, many):
        for _ in range(many):
            self.begin(self.calling(name, route, method, to))

    @rule(
        name=st.sampled_from(UPSTREAMS),
        route=st.sampled_from(("one", "two")),
        mood=st.sampled_from(MOODS[1:]),
        method=st.sampled_from(("GET", "POST")),
        many=st.sampled_from((1, 1, 8)),
        seconds=st.sampled_from((0.1, 2.0, 7.0)),
    )
    def trouble(self, name, route, mood, method, many, seconds):
        """A route's mood is bad while some call it."""
        self.moods[name, route] = mood
        self.call(name, route, method, "a", many)
        self.pass_(seconds)

    @rule(which=st.integers(0, 20))
    def somebody_leaves(self, which):
        self.leave(which)

    @rule(seconds=st.sampled_from((0.001, 0.05, 0.3, 1.0, 2.6, 7.0)))
    def time_passes(self, seconds):
        self.pass_(seconds)

    async def calling(self, name, route, method, to):
        body = None if method in SAFE else BytesBody(BODY)
        fields = [(b"X-To", to.encode())]
        exchange = self.chains.exchange(method, f"/{name}/{route}", fields, body)
        order = len(self.mine) + 1
        call = Call(order, method, name, route, to, self.now, exchange)
        self.mine[exchange.id] = call
        self.begun[name] += 1
        try:
            response = await self.chains.call(exchange)
        except ExchangeError as error:
            self.check_end(call)
            self.check_error(call, error)
            return
        self.check_end(call)
        assert response.status in {each.mood.status for each in call.attempts}
        try:
            while await response.body.read():
                pass
        except ExchangeError as error:
            response.close(error)
        finally:
            response.close()

    def check_end(self, call):
        """In time, and no wait was longer than it may be."""
        timeline = call.exchange.timeline
        assert self.now - call.began <= TOTAL + EPSILON, "later than the deadline"
        tries = call.exchange.attempt
        assert timeline.queued <= MAX_WAIT * tries + EPSILON
        assert timeline.held <= (HOLD if call.method in SAFE else 2 * HOLD) + EPSILON
        self.check_probed(call)

    def check_error(self, call, error):
        if not isinstance(error, Rejected):
            assert call.attempts or isinstance(error, DeadlineExceeded)
        elif error.code == "breaker_open":
            assert (call.name, call.route) in self.failed, "another route's trouble"

    def check_probed(self, call):
        """Nobody waits all the time that they may while nobody probes: it opens for 1 s at most."""
        waits_below = self.built.paced or self.built.narrow  # a probe may wait there for its turn
        since = self.now - HOLD
        if call.exchange.timeline.held < HOLD - EPSILON or waits_below:
            return
        if any(each.ended is None or each.ended > since for each in call.attempts):
            return  # it was held more than once
        others = [
            each
            for other in self.mine.values()
            if (other.name, other.route) == (call.name, call.route)
            for each in other.attempts
        ]
        if any(each.mood.after is not None for each in others):
            return  # it asked to be left alone
        assert any(each.began >= since or (each.ended or since) >= since for each in others)

    # ------------------------------------------------------------------------- always

    @invariant()
    def everything_is_bounded(self):
        if not hasattr(self, "chains"):
            return
        for _, each in self.resilience():
            assert 0 <= each.limiter.inflight <= each.limiter.limit <= self.built.inflight
            assert 0 <= each.limiter.waiters <= WAITERS
            for key, found in each.breakers:
                assert len(found._line) <= MOST_HELD
                assert found.state == "closed" or (each.name, key) in self.failed
            for lanes in each.lanes.values():
                assert all(lane.waiting <= PACE_WAITERS for _, lane in lanes._lanes)
            assert 0.0 <= each.budget.tokens <= BURST
            assert 0.0 <= each.budget.spare <= RESERVE

    def finish(self):
        """All come to an end, nothing is kept, and the upstream is called again as ever."""
        if not hasattr(self, "chains"):
            return
        self.all_is_well()
        self.pass_(120.0)
        assert not self.calls, "somebody waits for ever"
        assert not any(self.open.values()), "an answer that nobody has closed"
        for name, each in self.resilience():
            assert (each.limiter.inflight, each.limiter.waiters) == (0, 0)
            assert each.breaker_stats.held_now == 0
            assert not each._waiting.turns
            for lanes in each.lanes.values():
                assert all(lane.waiting == 0 for _, lane in lanes._lanes)
            for route in ("one", "two"):
                self.begin(self.served_well(name, route))
                self.pass_(2.0)
        assert not self.calls
        self.run(self.chains.assembly.close())

    async def served_well(self, name, route):
        await self.calling(name, route, "GET", "c")
        last = list(self.mine.values())[-1]
        assert [each.mood.status for each in last.attempts] == [200]


TestAttemptsInAnyOrder = Attempts.TestCase
TestAttemptsInAnyOrder.settings = budget(40, 40)
