from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.report import Totals, rows


def value(name, **counted):
    (row,) = [row for row in rows(Totals(**counted)) if row.name == name]
    return row.value


@pytest.mark.parametrize(
    ("name", "counted", "expected"),
    [
        ("errors_absorbed", {"rescued": 3, "stale": 2, "fallbacks": 1, "delivered_later": 4}, 10),
        ("errors_absorbed", {"held": 5, "paced": 5, "hits": 5}, 0),
        ("held_through", {"held": 5}, 5),
        ("refusals_avoided", {"paced": 7}, 7),
        ("seconds_saved", {"saved_seconds": 1.23456}, 1.235),
        ("calls_saved", {"hits": 10, "joined": 4, "refreshed": 3}, 11),
        ("calls_saved", {"refreshed": 3}, 0),
        ("duplicates_prevented", {"replayed": 1, "queue_duplicates": 2, "uploads": 3}, 6),
        ("tokens_not_bought", {"tokens": 99.6}, 100),
        ("connections_saved", {"reused": 8}, 8),
    ],
)
def test_a_figure_is_computed_as_it_says(name, counted, expected):
    assert value(name, **counted) == expected


counts = st.fixed_dictionaries({each.name: st.integers(0, 10**9) for each in fields(Totals)})


@given(counts)
def test_every_row_is_complete_and_none_is_negative(counted):
    found = rows(Totals(**counted))
    assert len({row.name for row in found}) == len(found)
    assert all(row.value >= 0 and row.how and row.label and row.unit for row in found)


def test_what_would_have_happened_is_called_an_estimate():
    estimates = {row.name for row in rows(Totals()) if row.estimate}
    assert {"seconds_saved", "tokens_not_bought", "held_through"} <= estimates
    assert {"retries_rescued", "duplicates_prevented", "calls_saved"}.isdisjoint(estimates)
