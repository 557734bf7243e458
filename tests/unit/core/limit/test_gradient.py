import random

import pytest

from sidecar.core.limit.gradient import Gradient


class Upstream:
    """Serves `capacity` calls at once in 0.1 s each; more of them share its time."""

    def __init__(self, gradient, capacity):
        self.gradient = gradient
        self.capacity = capacity
        self.now = 0.0

    def serve(self, windows, *, inflight=None, base=0.1):
        """All that the limit allows is in flight, or `inflight` calls."""
        for _ in range(windows):
            busy = inflight or self.gradient.limit
            seconds = base * max(1.0, busy / self.capacity)
            for _ in range(20):
                self.now += seconds / busy
                self.gradient.observe(self.now, busy, seconds, dropped=False)
        return self.gradient.limit


def drops(gradient, count, *, answers=0, now=1.0):
    for _ in range(answers):
        gradient.observe(now, gradient.limit, 0.1, dropped=False)
    for _ in range(count):
        gradient.observe(now, gradient.limit, None, dropped=True)


def test_while_answers_take_as_long_as_usual_the_limit_grows_to_the_most():
    upstream = Upstream(Gradient(20, 4, 100), capacity=1000)
    assert upstream.serve(50) > 50
    assert upstream.serve(100) == 100


def test_a_saturated_upstream_is_not_given_all_that_is_allowed():
    upstream = Upstream(Gradient(20, 4, 1000), capacity=40)
    limits = [upstream.serve(1) for _ in range(200)]
    assert 40 <= max(limits) < 150


def test_when_answers_take_longer_the_limit_shrinks_and_then_it_comes_back():
    upstream = Upstream(Gradient(20, 4, 100), capacity=1000)
    assert upstream.serve(200) == 100
    assert upstream.serve(30, base=1.0) <= 20
    assert upstream.serve(150) == 100


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.1, 50 + 0.2 * 4),  # as usual
        (0.15, 50 + 0.2 * 4),  # within the tolerance
        (0.2, 50 + 0.2 * (50 * 0.75 + 4 - 50)),
        (9.9, 50 + 0.2 * (50 * 0.5 + 4 - 50)),  # one window takes away no more than half
        (0.01, 50 + 0.2 * 4),
    ],
)
def test_one_window_moves_the_limit_by_the_formula(seconds, expected):
    gradient = Gradient(50, 4, 100)
    for _ in range(2000):  # too few in flight to move the limit, enough to learn what is usual
        gradient.observe(0.0, 1, 0.1, dropped=False)
    for _ in range(20):
        gradient.observe(0.0, 50, seconds, dropped=False)
    assert gradient.estimate == pytest.approx(expected, rel=0.02)


def test_while_few_calls_are_in_flight_the_limit_stays():
    upstream = Upstream(Gradient(20, 4, 100), capacity=1000)
    assert upstream.serve(200, inflight=9) == 20
    assert upstream.serve(20, inflight=9, base=5.0) == 20
    upstream.gradient.observe(0.0, 10, 0.1, dropped=False)
    assert upstream.serve(1, inflight=9) == 20  # the most that were in flight counts
    assert upstream.gradient.estimate == pytest.approx(20.8)


def test_windows_that_were_all_dropped_bring_the_limit_down_to_the_least():
    gradient = Gradient(100, 4, 100)
    drops(gradient, 20)
    assert gradient.limit < 50
    drops(gradient, 80)
    assert gradient.limit == 4


def test_drops_take_away_by_their_share():
    few, many = Gradient(100, 4, 100), Gradient(100, 4, 100)
    drops(few, 1, answers=19)
    drops(many, 10, answers=10)
    assert few.estimate > 95
    assert many.estimate == pytest.approx(75, abs=1)


def test_what_is_no_measure_and_no_drop_changes_nothing():
    gradient = Gradient(20, 4, 100)
    for _ in range(100):
        gradient.observe(0.0, 20, None, dropped=False)
    assert gradient == Gradient(20, 4, 100)


def test_where_there_is_little_traffic_few_answers_must_do():
    gradient = Gradient(4, 1, 100)
    for now in (0.0, 0.1, 0.2, 0.9):
        gradient.observe(now, 4, 0.1, dropped=False)
    assert gradient.usual == 0.0
    gradient.observe(1.0, 4, 0.1, dropped=False)
    assert gradient.usual == pytest.approx(0.1)


def test_the_first_ten_windows_count_alike():
    gradient = Gradient(20, 4, 100)
    for window in range(1, 11):
        for _ in range(20):
            gradient.observe(0.0, 1, window / 10, dropped=False)
    assert gradient.usual == pytest.approx(0.55)


def test_what_was_learned_under_load_is_soon_forgotten():
    upstream = Upstream(Gradient(20, 4, 100), capacity=1000)
    upstream.serve(20, base=2.0)
    assert upstream.gradient.usual == pytest.approx(2.0)
    upstream.serve(60)
    assert upstream.gradient.usual < 0.3


def test_answers_that_vary_by_chance_do_not_starve_a_healthy_upstream():
    gradient, dice, now = Gradient(20, 4, 100), random.Random(1), 0.0
    for _ in range(20_000):
        now += 0.005
        gradient.observe(now, gradient.limit, dice.expovariate(1 / 0.1), dropped=False)
    assert gradient.limit > 30


@pytest.mark.parametrize(
    ("initial", "least", "most", "limit"),
    [(20, 4, 100, 20), (20, 4, 10, 10), (2, 4, 100, 4), (20, 50, 3, 3)],
)
def test_the_limit_begins_and_stays_in_its_range(initial, least, most, limit):
    gradient = Gradient(initial, least, most)
    assert gradient.limit == limit
    upstream = Upstream(gradient, capacity=1000)
    assert upstream.serve(300) == most
    drops(gradient, 1000, now=upstream.now)
    assert gradient.limit == min(least, most)
