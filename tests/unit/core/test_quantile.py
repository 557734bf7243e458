import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.quantile import Quantiles

SECONDS = st.floats(0.0, 500.0)
PARTS = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999])


def exact(part, seen):
    """The nearest rank."""
    return sorted(seen)[max(1, math.ceil(part * len(seen) - 1e-9)) - 1]


@given(st.lists(SECONDS, min_size=1, max_size=200), PARTS)
def test_an_estimate_is_never_below_the_exact_quantile_and_at_most_four_percent_above(seen, part):
    subject = Quantiles()
    for seconds in seen:
        subject.observe(seconds, 0.0)
    truth = exact(part, seen)
    estimate = subject.quantile(part, 0.0)
    assert truth * (1 - 1e-6) <= estimate <= max(truth, 0.001) * 1.0401


@given(st.lists(st.tuples(st.floats(0, 30), SECONDS), max_size=80), PARTS)
def test_what_is_remembered_is_what_came_within_the_window(steps, part):
    subject, now, seen = Quantiles(window=60.0, slices=6), 0.0, []
    for wait, seconds in steps:
        now += wait
        subject.observe(seconds, now)
        seen.append((now, seconds))
    subject.quantile(part, now)
    surely = [seconds for at, seconds in seen if now - at < 60.0]
    perhaps = [seconds for at, seconds in seen if now - at < 60.0 + 2 * 10.0]
    assert len(surely) <= subject.count <= len(perhaps)


def test_what_is_too_old_is_forgotten():
    subject = Quantiles(window=60.0, slices=6)
    for _ in range(100):
        subject.observe(2.0, 0.0)
    subject.observe(0.1, 65.0)
    assert subject.quantile(0.5, 65.0) > 1.9
    assert subject.quantile(0.5, 71.0) < 0.11
    assert subject.count == 1
    assert subject.quantile(0.5, 500.0) is None


@pytest.mark.parametrize(("seconds", "shown"), [(-1.0, 0.001), (0.0, 0.001), (1e9, 600.0)])
def test_what_is_beyond_the_range_is_held_at_its_ends(seconds, shown):
    subject = Quantiles()
    subject.observe(seconds, 0.0)
    assert subject.quantile(0.5, 0.0) == pytest.approx(shown, rel=0.08)


def test_it_does_not_grow_with_what_it_sees():
    subject = Quantiles(window=60.0, slices=6)
    for number in range(5000):
        subject.observe(number % 97 / 10, number * 0.5)
    assert len(subject._slices) <= 8


def test_a_clock_that_goes_back_forgets_nothing():
    subject = Quantiles()
    subject.observe(1.0, 100.0)
    subject.observe(1.0, 50.0)
    assert subject.count == 2


def test_it_says_how_it_stands():
    subject = Quantiles()
    assert subject.snapshot(0.0) == {"samples": 0, "p50": None, "p95": None, "p99": None}
    subject.observe(1.0, 0.0)
    assert subject.snapshot(0.0)["samples"] == 1
    assert repr(subject) == "<Quantiles 1 in 120 s>"
