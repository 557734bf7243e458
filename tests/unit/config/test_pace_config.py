import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from sidecar.config.pace import RATE_PATTERN, Pace, format_rate, rate


@pytest.mark.parametrize(
    ("text", "per_second", "written"),
    [
        ("80/s", 80.0, "80/s"),
        ("10/m", 10 / 60, "10/m"),
        ("1/6s", 1 / 6, "10/m"),
        ("1/7s", 1 / 7, "1/7s"),
        ("3/7s", 3 / 7, "3/7s"),
        ("5/100ms", 50.0, "50/s"),
        ("1500/d", 1500 / 86400, "1500/d"),
        ("1/1.5s", 1 / 1.5, "40/m"),
        ("10000/s", 10000.0, "10000/s"),
    ],
)
def test_rates(text, per_second, written):
    assert rate(text) == per_second
    assert format_rate(per_second) == written
    assert re.fullmatch(RATE_PATTERN, text)


@pytest.mark.parametrize(
    "value",
    [80, "80", "80/", "/s", "0/s", "1/0s", "80/x", "-1/s", "1.5/s", "10001/s", "1 /s", None],
)
def test_a_rate_is_a_count_for_a_time_that_is_neither_none_nor_too_much(value):
    with pytest.raises(PydanticCustomError):
        rate(value)


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_a_rate_is_written_as_it_is_read(count, seconds):
    per_second = rate(f"{count}/{seconds}s")
    assert rate(format_rate(per_second)) == pytest.approx(per_second)


def test_a_pace_needs_its_rate_only_and_is_smooth():
    pace = TypeAdapter(Pace).validate_python({"rate": "80/s"})
    assert (pace.rate, pace.burst, pace.key, pace.max_wait, pace.title) == (
        80.0, 1, "upstream", 5.0, "upstream",
    )  # fmt: skip
    assert (pace.backoff.base, pace.backoff.growth, pace.backoff.cap) == (1.0, 4.0, 64.0)


@pytest.mark.parametrize(
    "broken",
    [
        {}, {"rate": "80/s", "key": "a b"}, {"rate": "80/s", "burst": 0},
        {"rate": "80/s", "backoff": {"growth": 0.5}}, {"rate": "80/s", "smooth": True},
    ],
)  # fmt: skip
def test_what_is_no_pace(broken):
    with pytest.raises(ValidationError):
        TypeAdapter(Pace).validate_python(broken)


@pytest.mark.parametrize(
    ("pace", "title"),
    [
        (Pace(1.0, key="phone_number_id+$.to"), "phone-number-id-to"),
        (Pace(1.0, key="header:x-tenant"), "header-x-tenant"),
        (Pace(1.0, key="$.to", name="pair"), "pair"),
    ],
)
def test_a_pace_is_named_for_its_key_unless_it_has_a_name(pace, title):
    assert pace.title == title
