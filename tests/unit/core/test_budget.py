import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config import RetryBudget
from sidecar.core.budget import Bucket, Budget

STEPS = st.lists(
    st.tuples(st.floats(0, 20), st.sampled_from(["answer", "repeat", "costly"])), max_size=200
)


def shipped():
    default = RetryBudget()
    return Budget(default.ratio, default.burst, default.reserve, default.half_life)


def served(seconds, every, budget=None, start=0.0):
    """A budget after so many seconds of good answers, one each `every` seconds."""
    budget = budget or shipped()
    for number in range(int(seconds / every)):
        budget.deposit(start + number * every)
    return budget


def repetitions(budget, now, cost=1.0):
    """How many it pays for at once."""
    return sum(budget.withdraw(cost, now) for _ in range(1000))


def faded(reserve=1):
    """One whose first repetitions are no longer there, and nothing was earned since."""
    budget = Budget(0.1, 100, reserve, 30.0)
    budget.is_ample(0.0)
    budget.is_ample(3600.0)
    return budget


def test_it_is_full_at_first_and_the_reserve_is_there_besides():
    assert repetitions(shipped(), 0.0) == 100 + 1
    assert repetitions(shipped(), 0.0, cost=2.0) == 50


def test_what_it_had_at_first_has_faded_after_minutes():
    assert repetitions(faded(), 3600.0) == 1
    assert repetitions(faded(), 3600.0, cost=2.0) == 0


@pytest.mark.parametrize(("every", "ones", "timeouts"), [(0.1, 43, 21), (1.0, 4, 2), (60.0, 1, 0)])
def test_it_holds_what_the_traffic_of_late_has_earned(every, ones, timeouts):
    end = 600.0
    assert repetitions(served(end, every), end - every) == pytest.approx(ones, abs=1)
    assert repetitions(served(end, every), end - every, cost=2.0) == pytest.approx(timeouts, abs=1)


def test_a_sidecar_with_a_call_per_second_repeats_a_call_that_fails_twice():
    budget = served(60.0, 1.0)
    assert budget.withdraw(2.0, 60.0)
    assert budget.withdraw(1.0, 60.2)


def test_it_never_holds_more_than_the_burst_and_the_reserve():
    assert repetitions(served(600.0, 0.01), 599.99) == 100 + 1


def test_half_of_what_is_not_used_fades_and_the_reserve_does_not():
    budget = served(600.0, 0.1)
    before = budget.tokens
    budget.is_ample(599.9 + 30.0)
    assert budget.tokens == pytest.approx(before / 2)
    budget.is_ample(1e6)
    assert budget.tokens == pytest.approx(0.0)
    assert repetitions(budget, 1e6) == 1


def test_the_reserve_pays_only_where_the_rest_does_not_suffice():
    budget = served(600.0, 1.0)
    while budget.tokens >= 1.0:
        assert budget.withdraw(1.0, 599.0)
        assert budget.spare == 1
    left = budget.tokens
    assert budget.withdraw(1.0, 599.0)
    assert (budget.tokens, budget.spare) == (left, 0)
    assert not budget.withdraw(1.0, 599.0)


def test_a_larger_reserve_pays_for_timeouts_as_far_as_it_goes():
    assert repetitions(faded(reserve=5), 3600.0, cost=2.0) == 2
    budget = faded(reserve=5)
    assert [budget.withdraw(cost, 3600.0) for cost in (2.0, 2.0, 2.0, 1.0, 1.0)] == [
        *(True, True, False, True, False)
    ]


def test_without_a_good_answer_the_reserve_stays_spent():
    budget = faded()
    assert budget.withdraw(1.0, 3600.0)
    assert not budget.withdraw(1.0, 1e6)


@pytest.mark.parametrize("reserve", [1, 3])
def test_a_good_answer_brings_the_reserve_back_but_not_soon_again(reserve):
    budget, start = faded(reserve), 3600.0
    assert budget.withdraw(1.0, start)  # the wait begins with the first use, not with the last
    assert repetitions(budget, start + 20.0) == reserve - 1
    budget.deposit(start + 29.9)
    assert repetitions(budget, start + 29.9) == 0
    budget.deposit(start + 30.0)
    assert repetitions(budget, start + 30.0) == reserve
    budget.deposit(start + 31.0)
    assert repetitions(budget, start + 31.0) == 0


def test_a_refusal_costs_nothing():
    budget = faded()
    assert not budget.withdraw(2.0, 3600.0)
    assert budget.snapshot() == {"tokens": 1, "burst": 100, "ratio": 0.1, "reserve": 1}
    full = Budget(0.1, 3, 0, 30.0)
    assert not full.withdraw(4.0, 0.0)
    assert full.snapshot() == {"tokens": 3, "burst": 3, "ratio": 0.1, "reserve": 0}


def test_time_does_not_go_backwards():
    budget = served(600.0, 0.1)
    before = budget.tokens
    budget.is_ample(50.0)
    assert budget.tokens == before


@pytest.mark.parametrize("reserve", [0, 1])
def test_it_is_ample_while_half_of_what_was_earned_is_left(reserve):
    budget = served(600.0, 0.1, Budget(0.1, 100, reserve, 30.0))
    half = int(budget.tokens / 2) + reserve
    assert all(budget.withdraw(1.0, 599.9) for _ in range(half))
    assert budget.is_ample(599.9)
    assert budget.withdraw(1.0, 599.9)
    assert not budget.is_ample(599.9)


def test_it_is_ample_when_it_is_full_and_not_when_nothing_is_there():
    budget = shipped()
    assert budget.is_ample(0.0)
    assert repetitions(budget, 0.0) == 101
    assert not budget.is_ample(0.0)
    assert not faded(reserve=0).is_ample(3600.0)


@given(
    STEPS,
    st.floats(0, 1),
    st.integers(1, 20),
    st.integers(0, 5),
    st.floats(0.1, 60),
)
def test_repetitions_never_exceed_burst_and_what_was_put_in(
    steps, ratio, burst, reserve, half_life
):
    budget = Budget(ratio, burst, reserve, half_life)
    now, answers, spent = 0.0, 0, 0.0
    for wait, what in steps:
        now += wait
        if what == "answer":
            answers += 1
            budget.deposit(now)
        elif budget.withdraw(cost := 2.0 if what == "costly" else 1.0, now):
            spent += cost
        assert 0.0 <= budget.tokens <= burst
        assert 0.0 <= budget.spare <= reserve
    most = burst + ratio * answers + reserve * (1 + now / half_life)
    assert spent <= most + 1e-6


@given(STEPS, st.floats(0, 1), st.integers(1, 20), st.integers(0, 5), st.floats(0.1, 60))
def test_after_minutes_what_it_had_at_first_is_as_good_as_nothing(
    steps, ratio, burst, reserve, half_life
):
    """Whatever happened before: then it holds what was earned since, and the reserve."""
    budget, now = Budget(ratio, burst, reserve, half_life), 0.0
    for wait, what in steps:
        now += wait
        if what == "answer":
            budget.deposit(now)
        else:
            budget.withdraw(2.0 if what == "costly" else 1.0, now)
    budget.is_ample(now)
    later = now + 10 * half_life
    for _ in range(10):
        budget.deposit(later)
    assert budget.tokens <= burst / 2**10 + 10 * ratio + 1e-6


def test_a_thousand_sidecars_hold_no_more_together_than_one_with_all_their_calls():
    """But for the reserves, which pay for no timeout."""
    one = served(600.0, 0.01, Budget(0.1, 10_000, 1, 30.0))
    parts = [served(600.0, 10.0, start=each / 100) for each in range(1000)]
    for part in parts:
        part.is_ample(600.0)
    assert one.tokens == pytest.approx(433, rel=0.01)
    assert sum(part.tokens for part in parts) == pytest.approx(one.tokens, rel=0.01)
    assert sum(repetitions(part, 600.0, cost=2.0) for part in parts) == 0
    assert sum(part.withdraw(1.0, 600.0) for part in parts) == 1000


def test_a_bucket_is_full_at_first_and_gains_with_each_deposit():
    bucket = Bucket(0.5, 2.0)
    assert [bucket.withdraw(1.0) for _ in range(3)] == [True, True, False]
    bucket.deposit()
    assert not bucket.withdraw(1.0)
    bucket.deposit()
    assert bucket.withdraw(1.0)
    for _ in range(9):
        bucket.deposit()
    assert bucket.snapshot() == {"tokens": 2.0, "burst": 2.0, "ratio": 0.5}
