import email.utils

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.core.cache.dates import date_of, format_date, http_date
from sidecar.core.cache.directives import LONGEST, NONE, age_of, of, parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"max-age=10", 10),
        (b"MAX-AGE=10", 10),
        (b'max-age="10"', 10),
        (b"public,max-age=10", 10),
        (b"max-age=10, max-age=3", 3),
        (b"max-age=10.5", 0),
        (b"max-age=-1", 0),
        (b"max-age", 0),
        (b"max-age=", 0),
        (b"max-age=a", 0),
        (b"max-age =10", 0),
        (b"max-age= 10", 0),
        (b"max-age=0010", 10),
        (b"max-age=00000000000000000010", 10),
        (b"max-age=99999999999999999999", 2**31),
        (b'foo="max-age=7", max-age=10', 10),
        (b'foo="a\\"b, max-age=7", max-age=10', 10),
        (b"no-store", None),
        (b"", None),
        (b";;; , max-age=4", 4),
        (b",max-age=4", 4),
    ],
)
def test_a_number_is_read_strictly_and_the_smallest_counts(text, seconds):
    assert parse([text]).seconds("max-age") == seconds


def test_all_fields_count_together():
    said = parse([b"max-age=10", b'no-cache, private="set-cookie"'])
    assert "no-cache" in said
    assert said.found["private"] == ["set-cookie"]
    assert said.seconds("max-age") == 10
    assert "no-store" not in said
    assert of([(b"Cache-Control", b"no-store"), (b"cache-control", b"public")]).found.keys() == {
        "no-store",
        "public",
    }
    assert of([(b"Other", b"no-store")]) is NONE


@pytest.mark.parametrize("text", [b"no-store; x", b'no-store="x', b"no-store x, max-age=1"])
def test_the_name_of_a_malformed_directive_still_counts(text):
    assert "no-store" in parse([text])


@pytest.mark.parametrize(
    "text",
    [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"sun, 06 NOV 1994 08:49:37 gmt",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
    ],
)
def test_the_three_forms_of_a_date_are_the_same_instant(text):
    assert http_date(text) == 784111777.0


@pytest.mark.parametrize(
    "text",
    [
        b"0",
        b"Sun, 6 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37",
        b"Sun, 06 Nov 1994 08:49:37 PST",
        b"Sun, 06 Nov 1994 08:49 GMT",
        b"Sun, 06 Nov 1994 24:00:00 GMT",
        b"Sun, 31 Nov 1994 08:49:37 GMT",
        b"Sun, 00 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 0000 08:49:37 GMT",
        b"Sun, 06-Nov-1994 08:49:37 GMT",
        b"2024-01-01T00:00:00Z",
        b"",
    ],
)
def test_what_is_no_date_is_none(text):
    assert http_date(text) is None


@given(st.integers(0, 2**37))
@example(23 * 3600)  # the full hours and minutes, which chance hardly meets
@example(59 * 60)
def test_a_date_is_written_as_everyone_writes_it(instant):
    text = format_date(instant)
    if instant < 253402300800:  # the year 10000 has no form
        assert text.decode() == email.utils.formatdate(instant, usegmt=True)
        assert http_date(text) == instant


def test_a_date_that_is_given_twice_is_none():
    date = b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert date_of([(b"DATE", date)], b"date") == 784111777.0
    assert date_of([(b"Date", date), (b"Date", date)], b"date") is None
    assert date_of([], b"date") is None


@pytest.mark.parametrize(
    ("values", "age"),
    [
        ([], 0),
        ([b"7"], 7),
        ([b" 7 "], 7),
        ([b"9999999999999"], LONGEST),
        *[([value], LONGEST) for value in (b"7, 9", b"a", b"-7", b"7.0", b"", b"\xb2")],
        ([b"7", b"9"], LONGEST),
    ],
)
def test_an_age_that_is_not_one_number_is_as_old_as_can_be(values, age):
    assert age_of([(b"Age", value) for value in values]) == age


@given(st.lists(st.binary()))
def test_no_bytes_make_it_raise(values):
    said = parse(values)
    for name in said.found:
        assert said.seconds(name) is not None
    for value in values:
        http_date(value)
        assert age_of([(b"age", value)]) >= 0
