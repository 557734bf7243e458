import math
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.retry_after import duration, retry_after
from tests.support.dialects import WALL


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b"7", 7.0),
        (b" 120 ", 120.0),
        (b"1.5", 1.5),
        (b"86400000", 86_400_000.0),
        (b"9" * 400, math.inf),
        (b"9" * 401, None),
        (b"", None),
        (b"-5", None),
        (b"+5", None),
        (b"5s", None),
        (b"1e3", None),
        (b"nan", None),
        (b"inf", None),
        (b"\xff", None),
        (b"soon", None),
        (b"Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        (b"Friday, 15-Jan-27 08:00:30 GMT", 30.0),
        (b"Fri Jan 15 08:00:30 2027", 30.0),
        (b"Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        (b"Fri, 15 Jan 2027", None),
        (b"Fri, 15 Foo 2027 08:00:30 GMT", None),
        (b"Fri, 99 Jan 0000 08:00:30 GMT", None),
    ],
)
def test_each_form(value, seconds):
    assert retry_after([(b"X", b"1"), (b"Retry-After", value)], WALL) == seconds


@pytest.mark.parametrize("name", [b"retry-after-ms", b"X-Ms-Retry-After-Ms"])
def test_milliseconds_go_before_seconds(name):
    assert retry_after([(b"retry-after", b"3"), (name, b"2500")], WALL) == 2.5
    assert retry_after([(b"retry-after", b"3"), (name, b"soon")], WALL) == 3.0


def test_first_usable_of_several_counts():
    headers = [(b"Retry-After", b"soon"), (b"Retry-After", b"4"), (b"Retry-After", b"9")]
    assert retry_after(headers, WALL) == 4.0


def test_without_the_field_nothing_is_said():
    assert retry_after([], WALL) is None


@given(st.integers(0, 10**8))
def test_any_date_is_so_many_seconds_away(seconds):
    value = formatdate(WALL + seconds, usegmt=True).encode()
    assert retry_after([(b"Retry-After", value)], WALL) == seconds


DATES = st.from_regex(r"\A[A-Z][a-z]{2}, [\w :-]{8,40}\Z").map(lambda text: text.encode())


@given(st.binary(max_size=40) | DATES)
def test_any_bytes_are_none_or_no_less_than_zero(value):
    found = retry_after([(b"Retry-After", value)], WALL)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("46s", 46.0),
        ("1.5s", 1.5),
        ("0.847389s", 0.847389),
        ("35655s", 35_655.0),
        ("9h54m", 35_640.0),
        ("10h17m3.5s", 37_023.5),
        ("800ms", 0.8),
        ("2m", 120.0),
        ("7", 7.0),
        (7, 7.0),
        (0.5, 0.5),
        (10**400, math.inf),
        (-1, None),
        (math.nan, None),
        (True, None),
        ("", None),
        ("s", None),
        ("-3s", None),
        ("1s2h", None),
        ("\u0663s", None),
        ("1" * 65, None),
        (None, None),
        ({"seconds": 3}, None),
    ],
)
def test_each_duration(value, seconds):
    assert duration(value) == seconds
