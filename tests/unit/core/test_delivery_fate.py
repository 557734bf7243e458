import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config.queue import Queue, Schedule
from sidecar.core.delivery import (
    Again,
    Attempted,
    Delivered,
    Failed,
    Unknown,
    of_doubt,
    of_error,
    of_judgement,
)
from sidecar.errors import (
    BadRequest,
    ConnectError,
    DeadlineExceeded,
    Draining,
    ExchangeError,
    PoolTimeout,
    Rejected,
)
from sidecar.judgement import Judgement
from tests.support.errors import AMBIGUOUS, ERRORS, UNSENT

QUEUE = Queue(schedule=Schedule(base=10.0, growth=2.0, cap=100.0), attempts=5)
NOW = 1000.0
CASES = {
    "done": Delivered("x"),
    "permanent": Failed("x", "permanent"),
    "refused": Again(NOW + 10, "x"),
    "never_sent": Again(NOW + 10, "x"),
    "ambiguous": Unknown("x"),
}


def made(attempts=1, *, expires=NOW + 3600, sent=True, harmless=False, drawn=0.0):
    return Attempted(attempts, expires, sent, harmless, drawn)


def judged(kind, **more):
    return Judgement("ignore", kind, "x", **more)


@pytest.mark.parametrize("kind", CASES)
def test_an_answer_makes_of_a_delivery_what_it_means(kind):
    assert of_judgement(judged(kind), made(), QUEUE, NOW) == CASES[kind]


def test_what_is_harmless_twice_is_sent_again_instead_of_being_in_doubt():
    assert of_judgement(judged("ambiguous"), made(harmless=True), QUEUE, NOW) == Again(
        NOW + 10, "x"
    )


@pytest.mark.parametrize(
    ("policy", "fate"),
    [
        ("hold", Unknown("x")),
        ("retry", Again(NOW + 10, "x")),
        ("fail", Failed("x", "unknown")),
    ],
)
def test_the_policy_says_what_becomes_of_a_doubt(policy, fate):
    queue = Queue(unknown=policy, schedule=QUEUE.schedule)
    assert of_judgement(judged("ambiguous"), made(), queue, NOW) == fate
    assert of_doubt("x", made(), queue, NOW) == fate


def test_waits_grow_up_to_the_cap_and_are_shortened_by_chance():
    waits = [of_judgement(judged("refused"), made(n), QUEUE, 0.0).at for n in range(1, 5)]
    assert waits == [10, 20, 40, 80]
    assert of_judgement(judged("refused"), made(1, drawn=0.5), QUEUE, 0.0).at == 9.0


def test_the_last_attempt_makes_a_dead_letter():
    assert of_judgement(judged("refused"), made(5), QUEUE, NOW) == Failed("x", "attempts")


def test_what_the_upstream_asks_to_wait_is_waited_beyond_the_cap():
    assert of_judgement(judged("refused", wait=500.0), made(), QUEUE, NOW).at == NOW + 500


def test_what_grows_by_the_providers_rule_grows_with_the_attempts():
    judgement = judged("refused", wait=1.0, growth=4.0)
    assert of_judgement(judgement, made(4), QUEUE, 0.0).at == 80  # the schedule's, not 4^3 = 64
    assert of_judgement(judgement, made(4), Queue(), 0.0).at == 64


def test_not_today_is_no_wait():
    judgement = judged("refused", wait=math.inf)
    assert of_judgement(judgement, made(), QUEUE, NOW) == Failed("x", "permanent")


def test_a_wait_that_outlasts_the_delivery_ends_it_now():
    late = made(expires=NOW + 10)
    assert of_judgement(judged("refused"), late, QUEUE, NOW) == Failed("x", "expired")


@pytest.mark.parametrize("error", UNSENT, ids=lambda error: error.code)
def test_what_was_not_sent_is_always_tried_again(error):
    fate = of_error(error, made(0, sent=False), QUEUE, NOW)
    assert isinstance(fate, Again)
    assert fate.reason == error.code


@pytest.mark.parametrize("error", AMBIGUOUS, ids=lambda error: f"{error.code}-{error.sent}")
def test_what_may_have_been_sent_is_in_doubt(error):
    assert of_error(error, made(), QUEUE, NOW) == Unknown(error.code)


def test_a_deadline_that_passed_before_anything_was_sent_leaves_no_doubt():
    error = DeadlineExceeded("late", code="total_timeout")
    assert of_error(error, made(0, sent=False), QUEUE, NOW) == Again(NOW + 1, "total_timeout")


def test_an_open_breaker_rests_the_route_for_as_long_as_it_says():
    error = Rejected("open", code="breaker_open", retry_after=7.0)
    assert of_error(error, made(0, sent=False), QUEUE, NOW) == Again(NOW + 7, "breaker_open", 7.0)


def test_a_rest_that_outlasts_the_delivery_still_rests_the_route():
    error = Rejected("open", code="breaker_open", retry_after=7.0)
    fate = of_error(error, made(0, sent=False, expires=NOW + 2), QUEUE, NOW)
    assert fate == Again(NOW + 2, "breaker_open", 7.0)


@pytest.mark.parametrize(
    "error",
    [Rejected("slow", code="pace_timeout"), PoolTimeout("busy", code="pool_timeout")],
    ids=lambda error: error.code,
)
def test_what_was_not_let_out_comes_back_soon_however_many_attempts_there_were(error):
    fate = of_error(error, made(99, sent=False), QUEUE, NOW)
    assert fate == Again(NOW + 1, error.code)


def test_a_drain_puts_what_was_not_sent_back_at_once():
    fate = of_error(Draining("bye", sent=False), made(0, sent=False), QUEUE, NOW)
    assert fate == Again(NOW, "draining")


def test_a_connection_that_fails_counts_as_an_attempt():
    error = ConnectError("no", code="connect_error")
    assert of_error(error, made(1, sent=False), QUEUE, NOW) == Again(NOW + 10, "connect_error")
    assert of_error(error, made(5, sent=False), QUEUE, NOW) == Failed("connect_error", "attempts")


@pytest.mark.parametrize(
    ("code", "fate"),
    [
        ("idempotency_key_reused", Failed("idempotency_key_reused", "permanent")),
        ("idempotency_in_flight", Again(NOW + 1, "idempotency_in_flight")),
        ("idempotency_unknown", Unknown("idempotency_unknown")),
        ("idempotency_answer_lost", Delivered("idempotency_answer_lost")),
        ("bad_body", Failed("bad_body", "permanent")),
    ],
)
def test_what_the_ledger_says_of_the_key_is_what_holds(code, fate):
    assert of_error(BadRequest("no", code=code), made(0, sent=False), QUEUE, NOW) == fate


def test_where_doubts_fail_the_ledgers_doubt_fails_too():
    error = BadRequest("no", code="idempotency_unknown")
    fate = of_error(error, made(0, sent=False), Queue(unknown="retry"), NOW)
    assert fate == Failed("idempotency_unknown", "unknown")


@given(
    st.sampled_from(ERRORS),
    st.booleans(),
    st.integers(0, 30),
    st.floats(0, 1, exclude_max=True),
)
def test_what_may_have_been_sent_is_never_sent_again_unasked(error, sent, attempts, drawn):
    subject = made(attempts, sent=sent, drawn=drawn)
    fate = of_error(error, subject, QUEUE, NOW)
    if sent and error.sent:
        assert fate == Unknown(error.code)
    else:
        assert not isinstance(fate, Unknown) or error.code == "idempotency_unknown"
    if isinstance(fate, Again):
        assert NOW <= fate.at <= subject.expires


def test_a_fault_of_the_sidecar_before_anything_was_sent_is_tried_again():
    error = ExchangeError("oops", code="internal_error")
    assert of_error(error, made(1, sent=False), QUEUE, NOW) == Again(NOW + 10, "internal_error")
