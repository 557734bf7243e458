import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config.hedge import Hedge
from sidecar.core.budget import Budget
from sidecar.core.hedge import Hedging, Skip, is_candidate, is_good
from sidecar.judgement import Judgement
from tests.support.builders import request, response


def make(shared=None, reads=100, **config):
    subject = Hedging(Hedge(enabled=True, **config), shared or Budget(0.1, 100, 0, 30.0))
    for number in range(reads):
        subject.observe(0.1 + number / 1000, 0.0)
    return subject


def admit(subject, *, sent=True, healthy=True, now=0.0):
    return subject.admit(sent=sent, healthy=healthy, now=now)


@pytest.mark.parametrize(
    ("method", "headers", "body", "attempt", "expected"),
    [
        ("GET", [], None, 1, True),
        ("HEAD", [], None, 1, True),
        ("OPTIONS", [], None, 1, False),
        ("POST", [], None, 1, False),
        ("DELETE", [], None, 1, False),
        ("get", [], None, 1, False),
        ("GET", [], b"", 1, False),
        ("GET", [], b"x", 1, False),
        ("GET", [], None, 2, False),
        ("GET", [(b"X-Retry-Count", b"1")], None, 1, False),
    ],
)
def test_only_a_first_read_without_a_body_is_doubled(method, headers, body, attempt, expected):
    assert is_candidate(request(method, "/", headers, body), attempt) is expected


@pytest.mark.parametrize("status", [200, 206, 301, 304, 400, 401, 404, 409, 416])
def test_an_answer_is_good_unless_it_is_a_failure_or_puts_off(status):
    assert is_good(response(status))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_a_failure_does_not_end_the_other_call(status):
    assert not is_good(response(status))


@pytest.mark.parametrize(
    ("kind", "verdict", "expected"),
    [
        ("done", "success", True),
        ("permanent", "ignore", True),
        ("permanent", "failure", False),
        ("refused", "ignore", False),
        ("ambiguous", "failure", False),
    ],
)
def test_what_was_judged_counts_for_more_than_the_status(kind, verdict, expected):
    for status in (200, 400, 500):
        answer = response(status)
        answer.judgement = Judgement(verdict, kind, "x")
        assert is_good(answer) is expected


def test_the_delay_is_what_nineteen_of_twenty_reads_do_not_exceed():
    assert make().delay(0.0) == pytest.approx(0.194, rel=0.04)
    assert make(quantile=0.5).delay(0.0) == pytest.approx(0.149, rel=0.04)


def test_the_delay_is_never_below_the_least():
    assert make(min_delay=1.5).delay(0.0) == 1.5


@pytest.mark.parametrize(("reads", "known"), [(0, False), (49, False), (50, True)])
def test_nothing_is_doubled_before_enough_was_seen(reads, known):
    delay = make(reads=reads).begin(10.0, 0.0)
    assert delay == Skip("samples") if not known else delay > 0


def test_a_fixed_delay_needs_no_samples():
    assert make(reads=0, delay=0.3).begin(10.0, 0.0) == 0.3


@pytest.mark.parametrize(("left", "expected"), [(0.3, Skip("deadline")), (0.31, 0.3)])
def test_what_would_begin_after_the_deadline_is_not_planned(left, expected):
    assert make(delay=0.3).begin(left, 0.0) == expected


def test_the_delay_follows_what_is_seen():
    subject = make()
    before = subject.delay(0.0)
    for _ in range(1000):
        subject.observe(5.0, 0.1)
    assert subject.delay(0.1) == before  # computed a moment ago
    assert subject.delay(0.3) > 4.9


def test_old_reads_are_no_samples():
    assert make().begin(10.0, 1000.0) == Skip("samples")


@pytest.mark.parametrize(
    ("sent", "healthy", "reason"), [(False, True, "unsent"), (True, False, "unhealthy")]
)
def test_what_stands_in_the_way_is_named_and_costs_nothing(sent, healthy, reason):
    shared = Budget(0.1, 100, 0, 30.0)
    subject = make(shared)
    assert admit(subject, sent=sent, healthy=healthy) == Skip(reason)
    assert (shared.tokens, subject._own.tokens) == (100, 5.0)


def test_a_second_request_is_paid_for_twice():
    shared = Budget(0.1, 100, 0, 30.0)
    subject = make(shared)
    assert admit(subject) is None
    assert (shared.tokens, subject._own.tokens) == (99, 4.0)


@pytest.mark.parametrize(("taken", "expected"), [(50, None), (51, Skip("retry_budget"))])
def test_failures_need_what_is_left_of_a_budget_that_is_less_than_half_full(taken, expected):
    shared = Budget(0.1, 100, 0, 30.0)
    shared.withdraw(taken, 0.0)
    assert admit(make(shared)) == expected


def test_a_budget_smaller_than_one_is_never_overdrawn():
    shared = Budget(0.1, 1, 0, 30.0)
    subject = make(shared)
    shared.withdraw(0.4, 0.0)
    assert admit(subject) == Skip("retry_budget")
    assert shared.tokens == 0.6


def test_when_its_own_budget_is_empty_the_shared_one_is_left_alone():
    shared = Budget(0.1, 100, 0, 30.0)
    subject = make(shared)
    assert [admit(subject) for _ in range(6)] == [None] * 5 + [Skip("budget")]
    assert shared.tokens == 95


@given(st.lists(st.booleans(), max_size=400), st.sampled_from([0.0, 0.05, 0.2, 1.0]))
def test_second_requests_stay_within_the_ratio_and_a_burst(slow, ratio):
    shared = Budget(0.0, 1000, 0, 30.0)
    subject = make(shared, ratio=ratio, delay=0.1)
    sent = 0
    for calls, is_slow in enumerate(slow, start=1):
        subject.begin(10.0, 0.0)
        sent += is_slow and admit(subject) is None
        assert sent <= 5 + ratio * calls + 1e-6
    assert shared.tokens == 1000 - sent


@given(st.lists(st.sampled_from(["call", "repeat", "hedge"]), max_size=300))
def test_repetitions_and_second_requests_together_stay_within_the_shared_budget(steps):
    shared = Budget(0.1, 10, 0, 30.0)
    subject = make(shared, ratio=1.0, delay=0.1)
    calls = extra = 0
    for step in steps:
        if step == "call":
            calls += 1
            shared.deposit(0.0)
            subject.begin(10.0, 0.0)
        elif step == "repeat":
            extra += shared.withdraw(1.0, 0.0)
        else:
            extra += admit(subject) is None
        assert extra <= 10 + 0.1 * calls + 1e-6


def test_it_says_how_it_stands():
    subject = make(delay=0.25)
    shown = subject.snapshot(0.0)
    assert shown["delay"] == 0.25
    assert shown["reads"]["samples"] == 100
    assert shown["budget"] == {"tokens": 5.0, "burst": 5.0, "ratio": 0.05}
    assert repr(subject) == "<Hedging after unknown, 5.00 tokens>"
