"""Any order of calls, ends, waits, leavings and orders by hand, in virtual time."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker import Breaker, Permit, Refusal

CONFIG = Config(max_held=4, ramp=2, max_open=3.0, open_late=2.0, early=5.0, window=2.0, min_calls=4)
VERDICTS = st.sampled_from(["success", "failure", "failure", "failure", "ignore"])


class Ticket:
    def __init__(self, *, safe):
        self.safe = safe
        self.got = None
        self.left = False

    def is_waiting(self):
        return self.got is None and not self.left

    def answer(self, answer):
        assert self.is_waiting()
        self.got = answer


class Breakers(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.due = None
        """When the alarm rings."""
        self.breaker = Breaker(
            CONFIG, lambda: 0.5, now=0.0, notify=self.told.append, alarm=self.set_alarm
        )
        self.out = []
        """Permits that are not settled, with the state in which they were given."""
        self.good = []
        """Permits of answers that began well."""
        self.line = []
        self.outcomes = []
        """Whether they failed, of what counted since the last change of the state."""
        self.forced_until = 0.0

    @property
    def told(self):
        if not hasattr(self, "_told"):
            self._told = []
        return self._told

    def set_alarm(self, _breaker, seconds):
        assert seconds > 0
        self.due = self.now + max(seconds, 0.001)

    @property
    def probes(self):
        return [permit for permit in self.out if self.counts(permit) and permit.probe]

    def counts(self, permit):
        return permit.epoch == self.breaker._circuit._epoch and not permit.lost

    def collect(self):
        """Take the answers of those who waited."""
        for ticket in self.line:
            if isinstance(ticket.got, Permit):
                self.out.append(ticket.got)
        self.line = [ticket for ticket in self.line if ticket.is_waiting()]

    def seen(self, verdict, permit, before):
        """Check a change of the state against what was counted."""
        state = self.breaker.state
        if not permit.probe and self.counted and verdict != "ignore":
            self.outcomes.append(verdict == "failure")
        if before == "closed" and state == "open":
            row = self.outcomes[-CONFIG.consecutive :]
            few = len(self.outcomes) < CONFIG.min_calls
            assert verdict == "failure"
            assert not few or (all(row) and len(row) == CONFIG.consecutive)
        if state != before:
            self.outcomes = []

    # -------------------------------------------------------------------------- calls

    @rule(safe=st.booleans())
    def call(self, safe):
        before = self.breaker.state
        waiting = len(self.breaker._line)  # some of them may have gone without a word
        answer = self.breaker.admit(self.now, safe=safe)
        self.collect()
        if isinstance(answer, Permit):
            self.out.append(answer)
            if not answer.unenforced and before != "closed" and answer.epoch >= 0:
                assert answer.probe or self.breaker.state == "closed"
        elif answer.why != "forced":
            ticket = Ticket(safe=safe)
            joined = self.breaker.join(ticket, self.now)
            assert joined or waiting >= CONFIG.max_held
            self.line += [ticket] if joined else []
            self.collect()

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 50), verdict=VERDICTS, wait=st.sampled_from([None, 1.0, 60.0]))
    def end(self, which, verdict, wait):
        permit = self.out.pop(which % len(self.out))
        before, self.counted = self.breaker.state, self.counts(permit)
        current = permit.epoch == self.breaker._circuit._epoch
        shown = self.breaker._circuit.snapshot(self.now)
        permit.settle(verdict, self.now, reason=verdict, wait=wait)
        if not current:
            assert self.breaker._circuit.snapshot(self.now) == shown
        self.collect()
        if verdict == "success":
            self.good.append(permit)
        self.seen(verdict, permit, before)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 50))
    def leave(self, which):
        permit = self.out.pop(which % len(self.out))
        before = self.breaker.state
        permit.cancel(self.now)
        self.collect()
        assert self.breaker.state in (before, "half_open")

    @precondition(lambda self: self.good)
    @rule(which=st.integers(0, 50))
    def break_off(self, which):
        permit = self.good.pop(which % len(self.good))
        before, self.counted = self.breaker.state, self.counts(permit)
        permit.broke(self.now, "truncated_body")
        self.collect()
        if self.counted:
            self.seen("failure", permit, before)
        else:
            assert self.breaker.state == before

    @precondition(lambda self: self.line)
    @rule(which=st.integers(0, 50), told=st.booleans())
    def stop_waiting(self, which, told):
        ticket = self.line.pop(which % len(self.line))
        ticket.left = True
        if told:  # a task that is cancelled says so only when it runs
            self.breaker.leave(ticket)

    # ---------------------------------------------------------------------- time, hands

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.26, 1.0, 2.5, 10.0]))
    def wait(self, seconds):
        end = self.now + seconds
        while self.due is not None and self.due <= end:
            self.now, self.due = self.due, None
            self.breaker.serve(self.now)
            self.collect()
        self.now = end

    @rule(to=st.sampled_from(["open", "closed", "observe"]), seconds=st.sampled_from([0.5, 3.0]))
    def force(self, to, seconds):
        self.breaker.force(to, seconds, "drill", self.now)
        self.collect()
        assert not self.line

    @rule()
    def reset(self):
        self.breaker.reset(self.now)
        self.outcomes = []
        self.collect()
        assert self.breaker.stage(self.now) == "closed"

    # -------------------------------------------------------------------------- always

    @invariant()
    def at_most_one_probes(self):
        assert len(self.probes) <= 1

    @invariant()
    def it_is_never_open_for_too_long(self):
        left = self.breaker._circuit.snapshot(self.now)["seconds_to_probe"]
        assert left is None or 0 <= left <= CONFIG.max_open

    @invariant()
    def few_wait(self):
        assert len(self.line) <= len(self.breaker._line) <= CONFIG.max_held

    @invariant()
    def whoever_waits_waits_for_something(self):
        """There is an alarm, and nobody would be let through now."""
        if self.line:
            assert self.due is not None
            first = next((each for each in self.line if each.safe), self.line[0])
            if self.breaker.state == "closed":
                first = self.line[0]
            assert isinstance(
                self.breaker._circuit.ask(self.breaker, self.now, safe=first.safe), Refusal
            )

    @invariant()
    def the_changes_follow_each_other(self):
        own = {"closed", "open", "half_open"}
        state = "closed"
        for transition in self.told:
            if {transition.before, transition.after} <= own and transition.reason != "reset":
                assert (transition.before, transition.after) in {
                    ("closed", "open"),
                    ("open", "half_open"),
                    ("half_open", "open"),
                    ("half_open", "closed"),
                }
                assert transition.before == state
            state = transition.after if transition.after in own else state
        assert state == self.breaker.state or self.told[-1].after == "closed"

    def teardown(self):
        """The upstream is well again: everybody who waits gets through in a while."""
        for permit in self.out:
            permit.cancel(self.now)
        self.collect()
        self.out = []
        for _ in range(200):
            if not self.line:
                break
            self.wait(0.05)
            for permit in self.out:
                permit.settle("success", self.now)
            self.out = []
            self.collect()
        assert not self.line


Breakers.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestBreakers = Breakers.TestCase
