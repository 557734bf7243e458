"""What the ledger decides about a call by what it remembers of its key, its own or of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from sidecar.core.ledger import (
    ANSWER_LOST,
    ENTRY,
    NOT_DONE,
    UNKNOWN,
    Answer,
    Ledger,
    Outcome,
    Refuse,
    Replay,
    Send,
    Wait,
)
from sidecar.core.ledger_key import Fingerprint
from sidecar.core.ledger_shared import Elsewhere, Known, decide

ONE, OTHER = Fingerprint(b"one", b"body"), Fingerprint(b"one", b"other body")
HALF = Fingerprint(b"one", None)
ANSWER = Answer(201, b"Created", [(b"Content-Type", b"text/plain")], b"made")
DONE = Outcome("answered", ANSWER)


def made(*, honoured=False, keep=100.0, max_size=1 << 20):
    return Ledger(keep, max_size, honoured=honoured)


def sent(ledger, key="k", fingerprint=ONE, now=0.0):
    step = ledger.begin(key, fingerprint, now)
    assert isinstance(step, Send), step
    return step.claim


def after(outcome, **settings):
    ledger = made(**settings)
    ledger.settle(sent(ledger), outcome, 1.0)
    return ledger


@pytest.mark.parametrize(
    ("outcome", "honoured", "step"),
    [
        (DONE, False, Replay(ANSWER)),
        (DONE, True, Replay(ANSWER)),
        (NOT_DONE, False, Send),
        (NOT_DONE, True, Send),
        (UNKNOWN, False, Refuse("unknown")),
        (UNKNOWN, True, Send),
        (ANSWER_LOST, False, Refuse("answer_lost")),
        (ANSWER_LOST, True, Send),
    ],
)
def test_what_became_of_a_call_decides_over_the_next(outcome, honoured, step):
    found = after(outcome, honoured=honoured).begin("k", ONE, 2.0)
    assert isinstance(found, Send) if step is Send else found == step


def test_a_key_with_another_request_is_refused_while_and_after_the_first():
    ledger = made()
    claim = sent(ledger)
    assert ledger.begin("k", OTHER, 0.0) == Refuse("reused")
    ledger.settle(claim, DONE, 1.0)
    assert ledger.begin("k", OTHER, 2.0) == Refuse("reused")
    assert ledger.begin("k", HALF, 2.0) == Replay(ANSWER)


def test_an_outcome_is_forgotten_after_its_time():
    ledger = after(DONE, keep=10.0)
    assert ledger.begin("k", ONE, 10.9) == Replay(ANSWER)
    sent(ledger, now=11.0)
    assert ledger.size == ENTRY


def test_those_who_wait_are_called_once_when_the_claim_ends():
    ledger, called = made(), []
    claim = sent(ledger)
    step = ledger.begin("k", ONE, 0.0)
    assert step == Wait(claim)
    claim.waiters.append(lambda: called.append(ledger.begin("k", ONE, 1.0)))
    ledger.settle(claim, DONE, 1.0)
    ledger.settle(claim, UNKNOWN, 1.0)
    assert called == [Replay(ANSWER)]


def test_when_the_first_was_not_made_one_of_those_who_wait_makes_it():
    ledger = made()
    claim = sent(ledger)
    ledger.settle(claim, NOT_DONE, 1.0)
    second = sent(ledger)
    assert ledger.begin("k", ONE, 1.0) == Wait(second)
    ledger.settle(claim, DONE, 2.0)  # the first has nothing to say any more
    assert ledger.begin("k", ONE, 2.0) == Wait(second)


def test_only_so_many_wait():
    ledger = made()
    claim = sent(ledger)
    claim.waiters += [lambda: None] * 100
    assert ledger.begin("k", ONE, 0.0) == Refuse("in_flight")


def test_answers_go_before_keys():
    ledger = made(max_size=4 * ENTRY + 2 * ANSWER.size)
    for number in range(4):
        ledger.settle(sent(ledger, str(number)), DONE, 1.0)
    assert ledger.begin("0", ONE, 2.0) == Refuse("answer_lost")
    assert ledger.begin("1", ONE, 2.0) == Refuse("answer_lost")
    assert ledger.begin("2", ONE, 2.0) == Replay(ANSWER)
    assert ledger.evicted == 2


def test_what_is_in_flight_is_never_dropped():
    ledger = made(max_size=ENTRY)
    claims = [sent(ledger, str(number)) for number in range(5)]
    for number, claim in enumerate(claims):
        assert ledger.begin(str(number), ONE, 0.0) == Wait(claim)


class Ledgers(RuleBasedStateMachine):
    """Whatever happens, in any order: what was sent may only be sent again where that is right."""

    claims = Bundle("claims")

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.ledger = made(keep=1000.0)
        self.open = {}
        self.last = {}

    @rule(target=claims, key=st.sampled_from("abc"), body=st.sampled_from([b"1", b"2", None]))
    def call(self, key, body):
        fingerprint = Fingerprint(b"head", body)
        step = self.ledger.begin(key, fingerprint, self.now)
        if isinstance(step, Send):
            assert key not in self.open, "two at once"
            assert self.last.get(key, NOT_DONE) == NOT_DONE, "sent twice"
            self.open[key] = step.claim
            return step.claim
        if isinstance(step, Replay):
            assert self.last[key].answer is step.answer
        elif isinstance(step, Wait):
            assert self.open[key] is step.claim
        else:
            assert key in self.open or key in self.last
        return self.open.get(key)

    @rule(
        claim=consumes(claims),
        kind=st.sampled_from(["answered", "answer_lost", "unknown", "not_done"]),
        body=st.binary(max_size=300),
    )
    def settle(self, claim, kind, body):
        if claim is None:
            return
        outcome = Outcome(kind, ANSWER._replace(body=body) if kind == "answered" else None)
        self.ledger.settle(claim, outcome, self.now)
        if self.open.get(claim.key) is claim:
            del self.open[claim.key]
            self.last[claim.key] = outcome

    @rule(seconds=st.floats(0, 5))
    def wait(self, seconds):
        self.now += seconds

    @invariant()
    def the_books_are_right(self):
        shown = self.ledger.snapshot()
        assert shown["in_flight"] == len(self.open)
        past = {key: one for key, one in self.last.items() if one.kind != "not_done"}
        past = {key: one for key, one in past.items() if key not in self.open}
        sizes = [ENTRY + (one.answer.size if one.answer else 0) for one in past.values()]
        assert shown["bytes"] == sum(sizes) + ENTRY * len(self.open)


TestLedgers = Ledgers.TestCase


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2000)), max_size=80), st.booleans())
def test_memory_stays_bounded_whatever_is_kept(calls, honoured):
    ledger = made(honoured=honoured, max_size=20_000)
    for key, length in calls:
        step = ledger.begin(str(key), ONE, 0.0)
        if isinstance(step, Send):
            outcome = Outcome("answered", ANSWER._replace(body=bytes(length)))
            ledger.settle(step.claim, outcome, 0.0)
        assert ledger.size <= 20_000


# What others wrote.

THERE = Elsewhere(ONE, until=50.0)


@pytest.mark.parametrize(
    ("found", "seen", "plain", "honoured"),
    [
        ("ours", False, "send", "send"),
        ("unsaid", False, "send", "send"),
        ("unsaid", True, "again", "again"),
        ("taken", False, "again", "again"),
        (THERE, False, "again", "again"),
        (THERE._replace(until=9.0), False, Refuse("unknown"), "take_over"),
        (THERE._replace(fingerprint=OTHER), False, Refuse("reused"), Refuse("reused")),
        (Known(ONE, DONE, 5.0), False, Replay(ANSWER), Replay(ANSWER)),
        (Known(ONE, UNKNOWN, 5.0), True, Refuse("unknown"), "take_over"),
        (Known(ONE, ANSWER_LOST, 5.0), False, Refuse("answer_lost"), "take_over"),
        (Known(OTHER, DONE, 5.0), False, Refuse("reused"), Refuse("reused")),
    ],
)
def test_what_others_wrote_decides_as_what_we_remember_does(found, seen, plain, honoured):
    assert decide(found, ONE, honoured=False, seen=seen, wall=10.0) == plain
    assert decide(found, ONE, honoured=True, seen=seen, wall=10.0) == honoured
