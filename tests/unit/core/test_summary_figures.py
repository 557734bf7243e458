"""Figures from counts, without a loop: what is shown of an upstream."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.summary import Cell, figures, growth, quantile, row
from sidecar.core.summary_failures import CLASSES, failure_class

BOUNDS = ("0", "0.1", "0.25", "1", "+Inf")
NAMES = [f"{lower} {upper}" for lower, upper in pairwise(BOUNDS)]


def cell(name, mark="", upstream="api", route="r"):
    return Cell(upstream, route, name, mark)


@pytest.mark.parametrize(
    ("buckets", "rank", "expected"),
    [
        ({}, 0.5, None),
        ({"0 0.1": 4}, 0.5, 0.05),
        ({"0 0.1": 1, "0.1 0.25": 1}, 0.5, 0.1),
        ({"0 0.1": 1, "0.1 0.25": 1}, 0.75, 0.175),
        ({"0.1 0.25": 2}, 0.5, 0.175),  # an empty bucket below it makes it begin no earlier
        ({"0.25 1": 1, "0.1 0.25": 1}, 1.0, 1.0),  # in any order
        ({"1 +Inf": 3}, 0.5, 1.0),
        ({"0 0.1": 1, "1 +Inf": 1}, 0.99, 1.0),
    ],
)
def test_quantiles_are_those_of_histogram_quantile(buckets, rank, expected):
    assert quantile(rank, buckets) == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_lies_in_the_bucket_that_holds_its_rank(counts, rank):
    buckets = dict(zip(NAMES, counts, strict=True))
    found = quantile(rank, buckets)
    if not sum(counts):
        assert found is None
        return
    wanted, below = rank * sum(counts), 0
    for name, count in buckets.items():
        below += count
        if below >= wanted - 1e-9 and count:
            lower, upper = map(float, name.split())
            assert lower <= found <= min(upper, 1.0) + 1e-9
            return


def test_growth_is_what_was_added_and_a_total_that_fell_began_anew():
    before = {cell("calls"): 5.0, cell("saved"): 9.0, cell("sent"): 1.0}
    after = {cell("calls"): 7.0, cell("saved"): 2.0, cell("sent"): 1.0, cell("failed"): 3.0}
    assert growth(before, after) == {cell("calls"): 2, cell("saved"): 2, cell("failed"): 3}


def test_counts_of_several_routes_are_added_up():
    counts = {cell("calls", route="a"): 1, cell("calls", route="b"): 2, cell("failed", "other"): 4}
    assert row(counts.items()) == {"calls": {"": 3}, "failed": {"other": 4}}


def test_an_upstream_without_calls_has_nulls_where_nothing_is_known():
    shown = figures({}, 60.0)
    assert (shown["calls"], shown["rate"], shown["tokens"]) == (0, 0.0, None)
    assert shown["errors"] == {"count": 0, "ratio": None, "classes": dict.fromkeys(CLASSES, 0)}
    assert shown["latency"] == {"p50": None, "p95": None, "p99": None}
    assert shown["cache"]["ratio"] is None
    assert shown["retries"]["amplification"] is None


def test_figures_are_what_was_counted():
    counted = {
        "calls": {"": 120},
        "failed": {"timeout": 1, "http_429": 2},
        "duration": {"0 0.1": 120},
        "cache": {"hit": 70, "stale": 10, "miss": 15, "joined": 5, "bypass": 99},
        "saved": {"": 12.3456},
        "repeated": {"": 4},
        "rescued": {"": 3},
        "sent": {"": 50},
        "attempts": {"": 54},
        "tokens": {"input": 100, "output": 50},
        "up": {"": 1},
        "down": {"": 2},
    }
    shown = figures(counted, 60.0)
    assert (shown["calls"], shown["rate"]) == (120, 2.0)
    assert (shown["errors"]["count"], shown["errors"]["ratio"]) == (3, 0.025)
    assert shown["errors"]["classes"]["http_429"] == 2
    assert shown["latency"]["p50"] == 0.05
    assert shown["cache"] == {
        "hits": 80,
        "misses": 20,
        "stale": 10,
        "ratio": 0.8,
        "seconds_saved": 12.346,
    }
    assert shown["retries"] == {"repeated": 4, "rescued": 3, "wasted": 1, "amplification": 1.08}
    assert shown["tokens"] == {"input": 100, "output": 50, "cached": 0}
    assert shown["bytes"] == {"up": 1, "down": 2}


@pytest.mark.parametrize(
    ("status", "error", "left", "expected"),
    [
        (200, None, False, None),
        (404, None, False, None),
        (422, None, False, None),
        (429, None, False, "http_429"),
        (500, None, False, "http_5xx"),
        (503, None, False, "http_5xx"),
        (503, "breaker_open", False, "breaker"),
        (503, "dns_error", False, "connect"),
        (502, "connect_error", False, "connect"),
        (502, "tls_error", False, "connect"),
        (504, "connect_timeout", False, "timeout"),
        (504, "total_timeout", False, "timeout"),
        (200, "idle_timeout", False, "timeout"),
        (200, "truncated_body", False, "other"),
        (404, "no_upstream", False, "other"),
        (503, "limit_full", False, "other"),
        (499, None, True, "client_left"),
        (200, "client_closed", True, "client_left"),
        (503, "breaker_open", True, "client_left"),
    ],
)
def test_each_exchange_is_of_one_kind_at_the_most(status, error, left, expected):
    assert failure_class(status, error, client_left=left) == expected
