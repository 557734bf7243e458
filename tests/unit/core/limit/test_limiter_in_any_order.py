"""Whatever happens in whatever order: the limit holds, and every waiting call comes to an end."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.config.limit import Limit
from sidecar.core.limit import Limiter, Permit, Refusal, Ticket

WHICH = st.integers(0, 100)
MAX_WAIT = 0.1


class Calls(RuleBasedStateMachine):
    """A limiter, the permits that are held, and the tickets that somebody waits for."""

    @initialize(
        mode=st.sampled_from(["fixed", "adaptive"]),
        inflight=st.integers(1, 6),
        waiters=st.integers(0, 6),
    )
    def begin(self, mode, inflight, waiters):
        self.config = Limit(
            mode=mode, inflight=inflight, min=1, initial=3, max_wait=MAX_WAIT, max_waiters=waiters
        )
        self.limiter = Limiter(self.config)
        self.now = 0.0
        self.held = []
        self.waiting = {}  # tickets in the order of their arrival
        self.opened = self.ended = 0

    def settle(self):
        """Do what the layer does after each step; check whom the limiter chose."""
        before = [ticket for ticket in self.waiting if ticket.outcome is None]
        for ticket in self.limiter.decided():
            del self.waiting[ticket]
            self.ended += 1
            if isinstance(ticket.outcome, Permit):
                self.held.append(ticket.outcome)
                assert self.now - ticket.since <= ticket.patience <= MAX_WAIT
                assert self.limiter.inflight <= self.limiter.limit
                if ticket.priority == "batch":
                    assert not any(other.priority == "interactive" for other in before)
            else:
                late = self.now - ticket.since > ticket.patience
                assert late or ticket.outcome == Refusal("displaced")

    @rule(
        priority=st.sampled_from(["interactive", "batch"]),
        lane=st.sampled_from("abc"),
        left=st.sampled_from([0.0, 0.01, 0.05, 10.0]),
    )
    def call(self, priority, lane, left):
        room = self.limiter.inflight < self.limiter.limit
        outcome = self.limiter.admit(self.now, priority, lane, left)
        assert isinstance(outcome, Permit) is room
        if isinstance(outcome, Permit):
            self.held.append(outcome)
        elif isinstance(outcome, Ticket):
            self.opened += 1
            self.waiting[outcome] = None
        self.settle()

    @rule(which=WHICH, first_byte=st.sampled_from([None, 0.001, 0.02, 1.0]), dropped=st.booleans())
    def release(self, which, first_byte, dropped):
        if self.held:
            permit = self.held.pop(which % len(self.held))
            permit.release(self.now, first_byte, dropped=dropped)
            self.settle()
            permit.release(self.now, first_byte, dropped=dropped)

    @rule(which=WHICH, seconds=st.sampled_from([0.0, 0.03]))
    def many_are_released(self, which, seconds):
        for _ in range(20):
            self.wait(seconds, timers=True)
            self.release(which, 0.02, dropped=False)
            self.call("interactive", "a", 10.0)

    @rule(which=WHICH)
    def leave(self, which):
        """Who waits gives up, perhaps when a permit is already on its way."""
        if self.waiting:
            ticket = list(self.waiting)[which % len(self.waiting)]
            del self.waiting[ticket]
            self.ended += 1
            self.limiter.abandon(ticket, self.now)
            self.settle()

    @rule(which=WHICH, leaver=WHICH)
    def leave_when_a_permit_is_on_its_way(self, which, leaver):
        if not self.held:
            return
        self.held.pop(which % len(self.held)).release(self.now)
        decided = self.limiter.decided()
        granted = [ticket for ticket in decided if isinstance(ticket.outcome, Permit)]
        for ticket in decided:
            del self.waiting[ticket]
            self.ended += 1
        for place, ticket in enumerate(granted):
            if place == leaver % len(granted):
                self.limiter.abandon(ticket, self.now)
            else:
                self.held.append(ticket.outcome)
        self.settle()

    @rule(seconds=st.sampled_from([0.001, 0.02, 0.06, 0.2]), timers=st.booleans())
    def wait(self, seconds, timers):
        """Time passes; the layer's timers may be late."""
        self.now += seconds
        for ticket in list(self.waiting) if timers else ():
            if self.now - ticket.since >= ticket.patience:
                del self.waiting[ticket]
                self.ended += 1
                assert isinstance(self.limiter.expire(ticket), Refusal)
        self.settle()

    @invariant()
    def the_limit_holds(self):
        limiter = self.limiter
        assert limiter.inflight == len(self.held) <= self.config.inflight
        assert 1 <= limiter.limit <= self.config.inflight

    @invariant()
    def nobody_waits_for_nothing(self):
        limiter = self.limiter
        assert limiter.waiters == len(self.waiting) <= self.config.max_waiters
        assert all(ticket.outcome is None for ticket in self.waiting)
        assert not self.waiting or limiter.inflight >= limiter.limit

    def teardown(self):
        """When calls end and no new ones come, everybody is served or refused."""
        if not hasattr(self, "limiter"):
            return
        while self.held:
            self.release(0, None, dropped=False)
            self.wait(0.001, timers=False)
        assert (self.limiter.inflight, self.limiter.waiters, self.waiting) == (0, 0, {})
        assert self.opened == self.ended


Calls.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestCallsInAnyOrder = Calls.TestCase
