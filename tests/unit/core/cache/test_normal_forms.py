"""One form of a value, however it is written."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.core.cache.literals import normalised


@given(st.text(max_size=20))
@example("2024-01-01")
def test_a_normal_form_is_its_own_normal_form(text):
    form = normalised(text)
    assert form is None or normalised(form) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("5", "5"),
        ("-5", "-5"),
        ("Anna", "anna"),
        ("e4", "e4"),
        ("01hzxk3v9w8m7n6p5q4r3s2t1u", "01hzxk3v9w8m7n6p5q4r3s2t1u"),
        ("user_2abc", "user_2abc"),
        ("0x" + "Ab" * 20, "0x" + "ab" * 20),
        *[
            (text, None)
            for text in (
                "",
                "a b",
                "a.b",
                "05",
                "5a",
                "1e5",
                "0x5",
                "0x00000000000000001f",
                "0o00000000000000017",
                "1_000_000_000_000_000",
                "20240101t040506z",
                "2024-01-01t040506z",
                "infinity",
                "NaN",
                "now",
                "j2460311",
                "may-1-2024",
                "12:30",
                "p1d",
                "1day",
                "08002b010203",
                "99999999999999999999",
            )
        ],
    ],
)
def test_a_value_without_a_safe_form_has_none(text, form):
    assert normalised(text) == form


@pytest.mark.parametrize("unit", ["may", "jan ", "1", "-", "0_", "a1", "x"])
def test_no_value_takes_long(unit):
    began = time.process_time()
    normalised(unit * 8_000)
    assert time.process_time() - began < 0.2
