"""How many calls go through after an outage."""

import pytest

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker.ramp import Ramp, Usual
from tests.support.breakers import Breaking, kind


def free(ramp, now):
    """How many may be in flight."""
    return next((n for n in range(1000) if ramp.wait(n, now) is not None), None)


def test_each_good_answer_lets_one_more_through():
    ramp = Ramp(Config(ramp=2), 0.1, 100.0)
    assert free(ramp, 100.0) == 2
    ramp.answered(0.2, 100.0)
    assert free(ramp, 100.0) == 3


def test_slow_answers_let_hardly_any_more_through():
    ramp = Ramp(Config(ramp=2), 0.1, 100.0)
    for _ in range(20):
        ramp.answered(0.21, 100.0)
    assert free(ramp, 100.0) == 2
    for _ in range(40):
        ramp.answered(0.21, 100.0)
    assert free(ramp, 100.0) == 4


def test_while_it_is_not_known_what_is_usual_no_answer_is_slow():
    ramp = Ramp(Config(ramp=1), None, 100.0)
    ramp.answered(1000.0, 100.0)
    assert free(ramp, 100.0) == 2


def test_the_bound_doubles_where_no_answer_comes():
    ramp = Ramp(Config(ramp=2, ramp_time=4.0), 0.1, 100.0)
    assert [free(ramp, 100 + after) for after in (0.0, 0.9, 1.0, 2.0, 3.5)] == [2, 2, 4, 8, 16]
    assert ramp.wait(16, 103.5) == pytest.approx(0.5)
    ramp.answered(0.1, 103.5)
    assert ramp.wait(17, 104.4) == pytest.approx(0.1)


def test_it_is_over_when_nobody_had_to_wait_for_so_long():
    ramp = Ramp(Config(ramp=1, ramp_time=4.0), 0.1, 100.0)
    for second in range(101, 110):
        ramp.answered(1.0, second)
        assert ramp.wait(5, second) is not None
    assert not ramp.is_over(112.9)
    assert ramp.wait(0, 112.0) is None
    assert ramp.is_over(113.0)
    assert ramp.wait(1000, 113.0) is None


def test_a_bound_that_nothing_is_heard_of_for_years_stays_a_number():
    ramp = Ramp(Config(ramp_time=1e-3), 0.1, 0.0)
    for step in range(10_000):
        ramp.wait(10**9, step * 2.5e-4)
    assert ramp.wait(9_999, 2.5) is None


def test_a_fast_upstream_has_a_hundred_calls_in_flight_after_five_round_trips():
    ramp, trips = Ramp(Config(), 0.1, 0.0), 0
    while ramp.wait(99, 0.0) is not None:
        for _ in range(free(ramp, 0.0)):
            ramp.answered(0.1, 0.0)
        trips += 1
    assert trips == 5


def test_the_usual_is_a_mean_at_first_and_follows_slowly_then():
    usual = Usual()
    assert usual.seconds is None
    for seconds in (0.1, 0.0, 0.3):
        usual.add(seconds)
    assert usual.seconds == pytest.approx(0.2)
    for _ in range(1000):
        usual.add(1.0)
    before = usual.seconds
    usual.add(2.0)
    assert before == pytest.approx(1.0, abs=0.01)
    assert usual.seconds == pytest.approx(before + 0.01, abs=0.001)


def test_what_is_usual_is_learnt_again_when_a_ramp_is_over():
    world = Breaking(ramp=1, ramp_time=1.0).recover()
    world.now += 20.0
    for _ in range(2):
        world.end("success", duration=0.1)
    world.now += 20.0
    world.recover()
    world.end("success", duration=1.0)
    assert [kind(world.ask()) for _ in range(2)] == ["call", "ramp"]
