import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.allowance import Allowance, allow
from sidecar.errors import AttemptTimeout, DeadlineExceeded

SECONDS = st.floats(0, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("seconds", "left", "expected"),
    [
        (2.0, 5.0, Allowance(2.0, "idle_timeout")),
        (2.0, 2.0, Allowance(2.0, "idle_timeout")),
        (2.0, 1.5, Allowance(1.5, "total_timeout")),
        (2.0, 0.0, Allowance(0.0, "total_timeout")),
        (2.0, -3.0, Allowance(0.0, "total_timeout")),
        (2.0, float("inf"), Allowance(2.0, "idle_timeout")),
    ],
)
def test_the_timer_that_ends_first_gives_the_name(seconds, left, expected):
    assert allow("idle_timeout", seconds, left) == expected


@given(SECONDS, st.floats(-1e6, 1e6))
def test_neither_the_timer_nor_the_deadline_is_exceeded(seconds, left):
    granted = allow("idle_timeout", seconds, left)
    assert 0.0 <= granted.seconds <= seconds
    assert granted.seconds <= max(left, 0.0)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("first_byte_timeout", "first_byte"),
        ("header_timeout", "header"),
        ("idle_timeout", "idle"),
        ("send_timeout", "send"),
    ],
)
def test_the_error_names_timer_seconds_attempt_and_what_was_waited_for(code, name):
    error = Allowance(2.5, code).expired("while waiting", 3)
    assert type(error) is AttemptTimeout
    assert (error.code, error.sent, error.source) == (code, True, "upstream")
    assert error.message == f"{name} timeout of 2.5 s on attempt 3, while waiting"


def test_the_error_of_the_deadline_is_of_its_own_kind():
    error = Allowance(0.0, "total_timeout").expired("while waiting", 2)
    assert type(error) is DeadlineExceeded
    assert (error.code, error.source) == ("total_timeout", "sidecar")
    assert error.message == "the deadline passed on attempt 2, while waiting"
