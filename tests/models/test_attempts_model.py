"""Every attempt at the upstream is one that may be made, now; whatever happens in what order.

The model sees what reaches the upstream, and what the application gets. Its rules are those of
docs/resilience.md; it knows nothing of the code that decides.
"""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from sidecar.errors import DeadlineExceeded, ExchangeError, Rejected
from sidecar.exchange import BytesBody
from tests.models.attempts_upstream import Upstream
from tests.models.attempts_world import (
    BODY,
    BURST,
    EPSILON,
    HOLD,
    MAX_WAIT,
    MOODS,
    MOST_HELD,
    PACE_WAITERS,
    RESERVE,
    SAFE,
    TOTAL,
    UPSTREAMS,
    WAITERS,
    Built,
    Call,
    Mood,
)
from tests.models.world import Chains, budget


class Attempts(Upstream):
    """Applications that call, and an upstream with a mood for each route."""

    @initialize(
        breaker=st.booleans(), narrow=st.booleans(), paced=st.booleans(), hedged=st.booleans()
    )
    def begin_it(self, breaker, narrow, paced, hedged):
        self.begin_upstream(Built(breaker, narrow, paced, hedged))
        self.chains = self.run(self.make())

    async def make(self):
        return Chains(self.built.text(), self.watched(self.upstream))

    def resilience(self):
        return self.chains.resilience.items()

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
