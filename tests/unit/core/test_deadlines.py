import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.deadlines import announced


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"30", 30.0),
        (b"0.5", 0.5),
        (b" 5 ", 5.0),
        (b"600", 600.0),
        (b"0", None),
        (b"-1", None),
        (b"", None),
        (b"5s", None),
        (b"1,5", None),
        (b"nan", None),
        (b"inf", None),
        (b"-inf", None),
        (b"1e999", None),
        (b"0x5", None),
        (b"\xff", None),
        (b"\xd9\xa5", None),
    ],
)
def test_only_usable_seconds_are_a_deadline(value, seconds):
    assert announced([(b"A", b"1"), (b"X-Server-Timeout", value)]) == seconds


@pytest.mark.parametrize("name", [b"x-server-timeout", b"X-SERVER-TIMEOUT", b"X-Server-Timeout"])
def test_case_of_the_field_does_not_matter(name):
    assert announced([(name, b"3")]) == 3.0


@pytest.mark.parametrize("name", [b"X-Server-Timeouts", b"X_Server_Timeout", b"Y-Server-Timeout"])
def test_other_fields_say_nothing(name):
    assert announced([(name, b"3")]) is None


def test_the_first_of_several_counts():
    fields = [(b"X-Server-Timeout", b"3"), (b"x-server-timeout", b"1")]
    assert announced(fields) == 3.0
    assert announced([(b"X-Server-Timeout", b"x"), *fields]) is None


@given(st.binary(max_size=12))
def test_any_value_is_read_without_failing(value):
    seconds = announced([(b"X-Server-Timeout", value)])
    assert seconds is None or (math.isfinite(seconds) and seconds > 0)


def test_only_decimals_are_seconds():
    assert announced([(b"X-Server-Timeout", b"1_0")]) is None
