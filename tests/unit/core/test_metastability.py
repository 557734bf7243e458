"""A short loss of capacity must not become a long outage, and would without budget and limit.

An upstream of 15 workers, with a queue that nobody sees, is called at 85 % of what it can do. For
ten seconds it has a quarter of its workers. It goes on working for callers that have left: that is
what keeps such an outage alive (N. Bronson et al., "Metastable Failures in Distributed Systems",
HotOS 2021). The decisions are the sidecar's own, the time is simulated.
"""

import heapq
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import count

import pytest

from sidecar.config.limit import Limit
from sidecar.core.budget import Budget
from sidecar.core.limit import Limiter, Permit, Refusal, Ticket
from sidecar.core.outcomes import judge_error
from sidecar.core.repetition import Call, Limits, Repeat, decide
from sidecar.errors import AttemptTimeout

WORKERS, REDUCED, SERVICE = 15, 3, 0.05
RATE = 0.85 * WORKERS / SERVICE
TRIGGER, END = range(20, 30), 60
TIMEOUT = 1.0
TIMED_OUT = judge_error(AttemptTimeout("too late", code="first_byte_timeout"))
LIMITS = Limits(attempts=3, max_wait=10.0)


@dataclass(eq=False)
class Subject:
    """One call of the application."""

    began: float
    deadline: float
    attempt: int = 1


@dataclass(eq=False)
class Work:
    """One attempt, as the upstream has it."""

    subject: Subject
    sent: float
    permit: Permit | None
    over: bool = False


@dataclass
class World:
    """The upstream, its callers, and the sidecar's decisions between them."""

    seed: int
    limiter: Limiter | None
    budget: Budget
    total: float
    now: float = 0.0
    busy: int = 0
    queue: deque = field(default_factory=deque)
    waiting: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    offered: Counter = field(default_factory=Counter)
    good: Counter = field(default_factory=Counter)
    sent: Counter = field(default_factory=Counter)

    def run(self):
        self.random, self.order = random.Random(self.seed), count()
        self.at(0.0, self.arrive)
        while self.events[0][0] < END:
            self.now, _, what, subject = heapq.heappop(self.events)
            what(*subject)
        return self

    def at(self, instant, what, *subject):
        heapq.heappush(self.events, (instant, next(self.order), what, subject))

    # The callers, and the sidecar.

    def arrive(self):
        self.at(self.now + self.random.expovariate(RATE), self.arrive)
        self.offered[int(self.now)] += 1
        self.enter(Subject(self.now, self.now + self.total))

    def enter(self, subject):
        if self.limiter is None:
            self.send(subject, None)
            return
        outcome = self.limiter.admit(self.now, left=subject.deadline - self.now)
        if isinstance(outcome, Permit):
            self.send(subject, outcome)
        elif isinstance(outcome, Ticket):
            self.waiting[outcome] = subject
            self.at(self.now + outcome.patience, self.lose_patience, outcome)

    def lose_patience(self, ticket):
        if self.waiting.pop(ticket, None):
            assert isinstance(self.limiter.expire(ticket), Refusal)

    def leave(self, work, *, dropped):
        if work.permit is None:
            return
        first_byte = None if dropped else self.now - work.sent
        work.permit.release(self.now, first_byte, dropped=dropped)
        for ticket in self.limiter.decided():
            subject = self.waiting.pop(ticket)
            if isinstance(ticket.outcome, Permit):
                self.send(subject, ticket.outcome)

    def send(self, subject, permit):
        self.sent[int(self.now)] += 1
        work = Work(subject, self.now, permit)
        self.queue.append(work)
        self.at(min(self.now + TIMEOUT, subject.deadline), self.time_out, work)
        self.serve()

    def time_out(self, work):
        if work.over:
            return
        work.over = True
        self.leave(work, dropped=True)
        subject = work.subject
        decision = decide(
            TIMED_OUT,
            Call("GET", rewindable=True, client_repeats=False),
            LIMITS,
            attempt=subject.attempt,
            backoff=self.random.uniform(0.0, 0.1 * 2 ** (subject.attempt - 1)),
            left=subject.deadline - self.now,
            budget=self.budget,
            now=self.now,
        )
        if isinstance(decision, Repeat):
            subject.attempt += 1
            self.at(self.now + decision.wait, self.enter, subject)

    # The upstream.

    def serve(self):
        workers = REDUCED if int(self.now) in TRIGGER else WORKERS
        while self.queue and self.busy < workers:
            self.busy += 1
            work = self.queue.popleft()
            self.at(self.now + self.random.expovariate(1 / SERVICE), self.finish, work)

    def finish(self, work):
        self.busy -= 1
        self.serve()
        if not work.over:
            work.over = True
            self.good[int(work.subject.began)] += 1
            self.budget.deposit(self.now)
            self.leave(work, dropped=False)

    # What came of it.

    def goodput(self, seconds):
        return sum(self.good[s] for s in seconds) / sum(self.offered[s] for s in seconds)

    def recovered(self):
        """Seconds from the end of the trigger until 95 % are served, five seconds in a row."""
        for first in range(TRIGGER.stop, END - 8):
            if all(self.goodput([first + step]) >= 0.95 for step in range(5)):
                return first - TRIGGER.stop
        return float("inf")

    def sends(self, seconds):
        return sum(self.sent[s] for s in seconds) / sum(self.offered[s] for s in seconds)


def shipped():
    return Budget(ratio=0.1, burst=100, reserve=1, half_life=30.0)


def unbounded():
    return Budget(ratio=1.0, burst=1e9, reserve=0, half_life=30.0)


def with_limit(seed):
    limiter = Limiter(Limit(mode="adaptive", max_wait=0.1))
    return World(seed, limiter, shipped(), total=3.0).run()


@pytest.mark.parametrize("seed", range(5))
def test_with_budget_and_limit_the_outage_ends_with_its_cause(seed):
    world = with_limit(seed)
    assert world.goodput(range(10, TRIGGER.start)) > 0.98
    assert world.recovered() <= 5
    assert world.goodput(range(TRIGGER.stop + 5, END - 4)) > 0.99
    during_and_after = range(TRIGGER.start, END)
    assert max(world.sends([second]) for second in during_and_after) <= 1.1


@pytest.mark.parametrize("seed", range(5))
def test_with_a_limit_what_capacity_is_left_is_put_to_use(seed):
    share = REDUCED / WORKERS / 0.85
    assert with_limit(seed).goodput(TRIGGER) > 0.85 * share


@pytest.mark.parametrize("seed", range(5))
def test_without_budget_and_limit_the_outage_outlives_its_cause(seed):
    world = World(seed, None, unbounded(), total=3.0).run()
    assert world.goodput(range(10, TRIGGER.start)) > 0.98
    assert world.recovered() == float("inf")
    assert world.goodput(range(TRIGGER.stop + 5, END - 4)) < 0.05
    assert world.sends(range(TRIGGER.start, END)) > 2.5


@pytest.mark.parametrize("seed", range(5))
def test_a_budget_alone_does_not_end_it(seed):
    world = World(seed, None, shipped(), total=3.0).run()
    assert world.recovered() == float("inf")


def test_the_same_seed_gives_the_same_world():
    first, second = with_limit(1), with_limit(1)
    assert (first.sent, first.good) == (second.sent, second.good)
