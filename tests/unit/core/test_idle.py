import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.idle import IdleLimit

SECONDS = st.floats(0, 100, allow_nan=False)


def limit(configured=15.0, unsafe=2.0, announced=None):
    answer = IdleLimit(configured, unsafe)
    if announced is not None:
        answer.announce(announced)
    return answer


def closed(subject, *idle, at=0.0, apart=10.0):
    """`idle` seconds long idle connections were closed, `apart` seconds from each other."""
    for number, seconds in enumerate(idle):
        subject.observe_close(seconds, at + number * apart)
    return subject


def test_without_any_evidence_the_configured_limit_holds():
    assert limit().limit(0.0) == 15.0


@pytest.mark.parametrize(
    ("announced", "expected"),
    [(5.0, 4.0), (75.0, 15.0), (16.0, 15.0), (15.5, 14.5), (2.0, 1.0), (1.0, 0.5), (0.0, 0.0)],
)
def test_a_connection_is_dropped_before_the_announced_end(announced, expected):
    assert limit(announced=announced).limit(0.0) == expected


def test_the_last_announcement_counts():
    subject = limit(announced=5.0)
    subject.announce(10.0)
    assert subject.limit(0.0) == 9.0


def test_three_closes_apart_say_something_and_two_do_not():
    assert closed(limit(), 5.0, 5.0).limit(20.0) == 15.0
    assert closed(limit(), 5.0, 5.0, 5.0).limit(20.0) == 4.0


def test_the_longest_of_the_last_three_counts():
    assert closed(limit(), 9.0, 3.0, 6.0).limit(20.0) == 8.0
    assert closed(limit(), 9.0, 3.0, 6.0, 4.0).limit(30.0) == 5.0


def test_closes_at_the_same_time_are_one():
    assert closed(limit(), *[5.0] * 9, apart=0.1).limit(1.0) == 15.0
    subject = closed(limit(), 5.0, 7.0, 6.0, apart=0.5)
    assert closed(subject, 2.0, 2.0, at=10.0).limit(20.0) == 6.0


def test_closes_are_forgotten_after_a_minute():
    subject = closed(limit(), 5.0, 5.0, 5.0)
    assert subject.limit(79.9) == 4.0
    assert subject.limit(80.0) == 15.0


def test_a_connection_that_lived_longer_refutes_the_closes():
    subject = closed(limit(), 5.0, 5.0, 5.0)
    subject.observe_reuse(5.0)
    assert subject.limit(20.0) == 4.0
    subject.observe_reuse(5.1)
    assert subject.limit(20.0) == 15.0


def test_a_close_at_the_configured_limit_says_nothing():
    assert closed(limit(), 15.0, 20.0, 15.0).limit(20.0) == 15.0


@pytest.mark.parametrize(
    ("subject", "idle", "safe", "answer"),
    [
        (limit(), 14.9, True, True),
        (limit(), 15.0, True, False),
        (limit(), 1.9, False, True),
        (limit(), 2.0, False, False),
        (limit(announced=5.0), 3.9, True, True),
        (limit(announced=5.0), 4.0, True, False),
        (limit(announced=2.0), 0.4, False, True),
        (limit(announced=2.0), 0.5, False, False),
        (limit(announced=0.0), 0.0, True, False),
        (limit(configured=0.0), 0.0, True, False),
        (limit(unsafe=0.0), 0.0, False, False),
    ],
)
def test_an_older_connection_is_not_used(subject, idle, safe, answer):
    assert subject.usable(idle, 0.0, safe=safe) is answer


@given(st.lists(st.tuples(SECONDS, SECONDS), max_size=6), st.none() | SECONDS, SECONDS, SECONDS)
def test_the_limit_is_never_negative_nor_above_what_is_configured(steps, announced, idle, unsafe):
    subject, now = limit(unsafe=unsafe, announced=announced), 0.0
    for seconds, passed in steps:
        now += passed
        subject.observe_close(seconds, now)
        assert 0.0 <= subject.limit(now) <= 15.0
        assert len(subject.closes) <= 3
    if subject.usable(idle, now, safe=False):
        assert subject.usable(idle, now, safe=True)
        assert idle < unsafe


def test_after_a_break_only_what_was_used_since_carries_what_must_not_be_sent_twice():
    subject = limit()
    assert subject.usable(1.0, 100.0, safe=False)
    subject.observe_break(100.0)
    assert not subject.usable(1.0, 100.5, safe=False)
    assert subject.usable(1.0, 100.5, safe=True)
    assert subject.usable(0.4, 100.5, safe=False)
    assert subject.usable(1.0, 101.5, safe=False)


@pytest.mark.parametrize(
    ("idle", "broke", "trusted"),
    [(1.0, False, False), (14.0, False, True), (14.0, True, False), (20.0, True, False)],
)
def test_a_connection_that_ends_before_its_time_makes_others_doubtful(idle, broke, trusted):
    subject = limit()
    subject.observe_close(idle, 100.0, broke=broke)
    assert subject.usable(0.5, 100.0, safe=False) is trusted
