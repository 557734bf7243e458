import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.budget import Budget
from sidecar.core.repetition import Call, Limits, Repeat, Stop, decide, is_client_repeating
from sidecar.judgement import Judgement

GET, POST = Call("GET", True, False), Call("POST", True, False)
UNSENT = Judgement("failure", "never_sent", "connect_error")
REFUSED = Judgement("failure", "refused", "http_503")
AMBIGUOUS = Judgement("failure", "ambiguous", "upstream_reset")


def full():
    return Budget(ratio=0.1, burst=100, reserve=0, half_life=30.0)


def decided(judgement, call=GET, *, attempts=3, **changes):
    known = {"attempt": 1, "backoff": 0.1, "left": 10.0, "budget": full(), "now": 0.0, **changes}
    return decide(judgement, call, Limits(attempts, max_wait=10.0), **known)


@pytest.mark.parametrize("call", [GET, POST, Call("PATCH", True, False), Call("BREW", True, False)])
@pytest.mark.parametrize("judgement", [UNSENT, REFUSED])
def test_what_was_not_done_is_repeated_whatever_the_method(judgement, call):
    assert decided(judgement, call) == Repeat(0.1)


@pytest.mark.parametrize(
    ("method", "repeated"),
    [
        ("GET", True),
        ("HEAD", True),
        ("OPTIONS", True),
        ("POST", False),
        ("PATCH", False),
        ("PUT", False),
        ("DELETE", False),
        ("get", False),
    ],
)
def test_what_may_have_been_done_is_repeated_only_where_that_is_harmless(method, repeated):
    decision = decided(AMBIGUOUS, Call(method, True, False))
    assert decision == (Repeat(0.1) if repeated else Stop("not_idempotent"))


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_key_that_the_upstream_honours_makes_any_call_harmless(method):
    keyed = Call(method, True, False, harmless=True)
    assert decided(AMBIGUOUS, keyed) == Repeat(0.1)
    assert decided(AMBIGUOUS, keyed._replace(rewindable=False)) == Stop("body")


@pytest.mark.parametrize("kind", ["done", "permanent"])
def test_what_would_end_the_same_way_is_not_repeated(kind):
    assert decided(Judgement("ignore", kind, "x")) == Stop(kind)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attempt": 3}, "attempts"),
        ({"attempts": 1}, "attempts"),
        ({"judgement": REFUSED._replace(most_attempts=2), "attempt": 2}, "attempts"),
        ({"call": Call("GET", True, True)}, "client_repeats"),
        ({"call": Call("GET", False, False)}, "body"),
        ({"left": 0.1}, "deadline"),
        ({"judgement": REFUSED._replace(wait=9.0), "left": 5.0}, "deadline"),
        ({"judgement": REFUSED._replace(wait=30.0), "left": 60.0}, "wait_too_long"),
        ({"judgement": REFUSED._replace(wait=math.inf)}, "deadline"),
        ({"budget": Budget(0.0, 0, 0, 30.0)}, "budget"),
    ],
)
def test_each_hindrance_has_a_name(changes, reason):
    judgement = changes.pop("judgement", REFUSED)
    assert decided(judgement, **changes) == Stop(reason)


def test_the_upstreams_wait_is_never_shortened():
    assert decided(REFUSED._replace(wait=2.0)) == Repeat(2.0)
    assert decided(REFUSED._replace(wait=0.05)) == Repeat(0.1)


def test_a_hint_of_more_attempts_does_not_raise_the_routes_limit():
    assert decided(REFUSED._replace(most_attempts=9), attempt=3) == Stop("attempts")


def test_a_timeout_costs_twice_as_much():
    budget = full()
    decided(Judgement("failure", "ambiguous", "first_byte_timeout"), budget=budget)
    assert budget.tokens == 98


def test_a_connection_that_was_not_made_in_time_costs_the_upstream_no_work():
    budget = full()
    decided(Judgement("failure", "never_sent", "connect_timeout"), budget=budget)
    assert budget.tokens == 99


def test_a_timeout_is_never_repeated_out_of_the_reserve():
    timed_out = Judgement("failure", "ambiguous", "first_byte_timeout")
    budget = Budget(ratio=0.1, burst=2, reserve=1, half_life=30.0)
    assert decided(timed_out, budget=budget) == Repeat(0.1)
    assert decided(timed_out, budget=budget) == Stop("budget")
    for _ in range(20):
        budget.deposit(0.0)
    assert decided(timed_out, budget=budget) == Repeat(0.1)


def test_a_stop_costs_nothing():
    budget = full()
    decided(REFUSED, attempt=3, budget=budget)
    decided(REFUSED, left=0.0, budget=budget)
    assert budget.tokens == 100


@given(
    st.sampled_from([UNSENT, REFUSED, AMBIGUOUS]),
    st.sampled_from([GET, POST]),
    st.integers(1, 5),
    st.floats(0, 3),
    st.one_of(st.none(), st.floats(0, 1e9)),
    st.floats(-1, 20),
)
def test_no_attempt_begins_late_or_too_early(kind, call, attempt, wait, ask, left):
    judgement = kind._replace(wait=ask)
    decision = decided(judgement, call, attempt=attempt, backoff=wait, left=left)
    if isinstance(decision, Repeat):
        assert wait <= decision.wait < left
        assert decision.wait >= (ask or 0.0)
        assert attempt < 3
        assert not (kind is AMBIGUOUS and call is POST)


@pytest.mark.parametrize(
    ("headers", "repeats"),
    [
        ([], False),
        ([(b"x-retry-count", b"1")], True),
        ([(b"X-Retry-Counts", b"1")], False),
        ([(b"x-stainless-retry-count", b"0")], False),
        ([(b"x-stainless-retry-count", b"1")], True),
        ([(b"X-Stainless-Retry-Count", b"10")], True),
    ],
)
def test_a_client_that_repeats_by_itself_is_known_by_its_header(headers, repeats):
    assert is_client_repeating(headers) is repeats
