import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.deadlines import announced, outgoing


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


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"2.5", 2.5),
        (b"2", 2.0),
        (b"2500ms", 2.5),
        (b"2s", 2.0),
        (b"0.5s", 0.5),
        (b"1m", 60.0),
        (b" 2s\t", 2.0),
        (b"0", None),
        (b"0ms", None),
        (b"-1s", None),
        (b"", None),
        (b"s", None),
        (b"2 s", None),
        (b"2S", None),
        (b"2h", None),
        (b"1e3", None),
        (b"1_0", None),
        (b"nan", None),
        (b"inf", None),
        (b"9" * 20, None),
        (b"\xd9\xa5", None),
    ],
)
def test_the_sidecars_own_field_takes_seconds_with_or_without_a_unit(value, seconds):
    assert announced([(b"x-Sidecar-Timeout", value)]) == seconds


@pytest.mark.parametrize(
    ("server", "own", "seconds"),
    [
        (b"3", b"1s", 1.0),
        (b"1", b"3s", 1.0),
        (b"0", b"3s", 3.0),
        (b"3", b"x", 3.0),
        (b"x", b"", None),
    ],
)
def test_the_shorter_of_both_fields_counts(server, own, seconds):
    fields = [(b"X-Sidecar-Timeout", own), (b"X-Server-Timeout", server)]
    assert announced(fields) == announced(fields[::-1]) == seconds


PLAIN = [(b"Accept", b"*/*"), (b"X-Supabase-Api-Version", b"1"), (b"x-s", b""), (b"X-Other", b"2")]


def test_fields_that_say_nothing_of_time_go_out_as_they_are_and_are_not_copied():
    assert outgoing(PLAIN, 3.0) is PLAIN


@pytest.mark.parametrize(
    ("value", "left", "sent"),
    [
        (b"30", 12.2, b"13"),
        (b"30", 12.0, b"12"),
        (b"30", 0.001, b"1"),
        (b"0.5", 0.2501, b"0.251"),
        (b"2.50", 1.0, b"1.000"),
        (b"2.5", 0.0000001, b"0.001"),
        (b"5", 30.0, b"30"),
        (b"30", math.inf, b"30"),
        (b"0", 3.0, b"0"),
        (b"soon", 3.0, b"soon"),
        (b"", 3.0, b""),
    ],
)
def test_a_usable_announcement_becomes_what_is_left(value, left, sent):
    fields = [*PLAIN, (b"x-server-Timeout", value)]
    assert outgoing(fields, left) == [*PLAIN, (b"x-server-Timeout", sent)]
    assert fields[-1] == (b"x-server-Timeout", value)


@pytest.mark.parametrize("name", [b"X-Sidecar-Timeout", b"x-sidecar-cache", b"X-SIDECAR-x"])
def test_fields_for_the_sidecar_stay_here(name):
    fields = [(name, b"1"), *PLAIN, (name, b"2")]
    assert outgoing(fields, 3.0) == PLAIN
    assert len(fields) == len(PLAIN) + 2
