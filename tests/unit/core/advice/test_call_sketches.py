import math

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.advice.rates import Rates
from sidecar.core.advice.repeats import LIFETIMES, Repeats
from sidecar.core.advice.sketch import Sketch

SECONDS = st.floats(0.0001, 400.0)


@given(st.lists(SECONDS, min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_off_by_five_percent_at_the_most(seen, part):
    sketch = Sketch()
    for seconds in seen:
        sketch.observe(seconds)
    exact = sorted(seen)[max(1, math.ceil(part * len(seen) - 1e-9)) - 1]
    assert exact * 0.95 <= sketch.quantile(part) <= exact * 1.05
    assert sketch.count == len(seen)


def test_a_sketch_of_nothing_is_zero_and_one_of_anything_is_bounded():
    sketch = Sketch()
    assert sketch.quantile(0.5) == 0
    for exponent in range(-20, 60):
        sketch.observe(1.5**exponent)
    assert len(sketch._counts) <= 161


def test_a_repeat_within_a_lifetime_would_have_been_saved():
    repeats = Repeats()
    for at in (0.0, 0.5, 3.0, 7.0):
        repeats.see(1, 42, at)
    # 1 s: 0.5 of 0. 5 s: 0.5 and 3 of 0. 15 s and more: all but the first.
    assert repeats.saved == [1, 2, 3, 3, 3]
    assert repeats.changed == [0, 0, 0, 0, 0]
    assert (repeats.reads, repeats.distinct) == (4, 1)


def test_an_answer_that_changed_would_have_been_wrong_until_the_lifetime_is_over():
    repeats = Repeats()
    for at, digest in ((0.0, 1), (2.0, 2), (4.0, 2), (6.0, 2)):
        repeats.see(7, digest, at)
    assert repeats.saved[:2] == [0, 2]
    assert repeats.changed[:2] == [0, 2]


calls = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.floats(0, 9)), max_size=60)


@given(calls)
def test_a_cache_that_is_played_does_as_a_cache_does(steps):
    repeats, now = Repeats(), 0.0
    caches = [dict[int, tuple[float, int]]() for _ in LIFETIMES]
    saved, changed = [0] * len(LIFETIMES), [0] * len(LIFETIMES)
    for key, digest, wait in steps:
        now += wait
        repeats.see(key, digest, now)
        for index, (lifetime, cache) in enumerate(zip(LIFETIMES, caches, strict=True)):
            since, kept = cache.get(key, (-1e9, 0))
            if now - since < lifetime:
                saved[index] += 1
                changed[index] += kept != digest
            else:
                cache[key] = (now, digest)
    assert (repeats.saved, repeats.changed) == (saved, changed)


def test_the_rate_is_known_at_which_refusals_began():
    rates = Rates()
    for second in range(100, 105):
        rates.count(second, accepted=8, refused=0)
    rates.count(105, accepted=20, refused=0)
    rates.count(105, accepted=0, refused=3)
    rates.count(106, accepted=9, refused=0)
    assert rates.refused == 3
    assert rates.at_refusal[0] == (20, 0, 0)  # ten seconds were not seen
    rates.count(120, accepted=1, refused=1)
    assert rates.settled()[-1] == (1, 1, 0)
    assert rates.highest == 9


@given(st.lists(st.tuples(st.integers(-5, 200), st.integers(0, 9), st.integers(0, 3)), max_size=99))
def test_rates_are_bounded_whatever_the_clock_does(steps):
    rates = Rates()
    for second, accepted, refused in steps:
        rates.count(second, accepted=accepted, refused=refused)
    assert len(rates.at_refusal) <= 64
    assert rates.refused == sum(refused for _, _, refused in steps)
    for one, ten, sixty in rates.settled():
        assert 0 <= one <= sum(accepted for _, accepted, _ in steps)
        assert not ten or ten >= one
        assert not sixty or sixty >= ten
