"""Cells for people, and who comes first."""

import pytest

from sidecar.core.summary_rows import COLUMNS, breaker, cells, number, ordered, percent, seconds
from tests.support.summaries import upstream


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0us"),
        (0.000085, "85us"),
        (0.00099949, "999us"),
        (0.0009996, "1ms"),
        (0.012, "12ms"),
        (0.9996, "1.00s"),
        (3.416, "3.42s"),
        (9.996, "10s"),
        (512.0, "512s"),
        (1020.0, "17m"),
    ],
)
def test_durations_take_five_characters_at_the_most(value, shown):
    assert seconds(value) == shown
    assert len(shown) <= 5


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(None, "-"), (0.0, "0%"), (0.025, "2.5%"), (0.0996, "10%"), (0.8, "80%"), (1.0, "100%")],
)
def test_shares_take_four_characters_at_the_most(ratio, shown):
    assert percent(ratio) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.4, "0.4"),
        (2.36, "2.4"),
        (99.96, "100"),
        (180, "180"),
        (12345, "12.3k"),
        (150000, "150k"),
    ],
)
def test_numbers_take_five_characters_at_the_most(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("breakers", "shown"),
    [
        ([], "-"),
        ([{"state": "closed"}], "closed"),
        ([{"state": "open", "seconds_to_probe": 0.85}], "OPEN 850ms"),
        ([{"state": "open", "seconds_to_probe": 0.0}], "OPEN due"),
        ([{"state": "closed"}, {"state": "half_open"}], "probing"),
        (
            [{"state": "half_open"}, {"state": "open", "seconds_to_probe": 3.2}],
            "OPEN 3.20s+1",
        ),
        (
            [{"state": "forced_open", "forced": {"state": "open", "seconds_left": 540.0}}],
            "FORCED 540s",
        ),
        (
            [{"state": "forced_closed", "forced": {"state": "closed", "seconds_left": 9.0}}],
            "closed! 9.00s",
        ),
        (
            [{"state": "observed", "forced": {"state": "observe", "seconds_left": 59.0}}],
            "observe 59s",
        ),
    ],
)
def test_the_worst_breaker_is_shown_with_its_countdown(breakers, shown):
    assert breaker(breakers) == shown


def test_every_column_has_a_cell():
    assert list(cells(upstream("api"))) == list(COLUMNS)
    assert cells(upstream("api"))["inflight"] == "3"


WORST = upstream("worst", state="open")
FAILING = upstream("failing", ratio=0.2)
SLOW = upstream("slow", p95=9.0, rate=0.1)
BUSY = upstream("busy", rate=900.0)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("worst", ["worst", "failing", "slow", "busy"]),
        ("rate", ["busy", "failing", "worst", "slow"]),
        ("p95", ["slow", "busy", "failing", "worst"]),
        ("errors", ["failing", "busy", "slow", "worst"]),
        ("name", ["busy", "failing", "slow", "worst"]),
    ],
)
def test_upstreams_are_sorted(by, names):
    assert [each["name"] for each in ordered([BUSY, SLOW, FAILING, WORST], by)] == names
