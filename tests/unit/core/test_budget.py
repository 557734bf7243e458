import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.budget import Budget

STEPS = st.lists(
    st.tuples(st.floats(0, 5), st.sampled_from(["call", "repeat", "costly"])), max_size=200
)


def test_a_budget_is_full_at_first_and_refuses_when_it_is_empty():
    budget = Budget(ratio=0.1, burst=3, floor=0.0)
    assert [budget.withdraw(1.0, 0.0) for _ in range(4)] == [True, True, True, False]


def test_ten_calls_pay_for_one_repetition():
    budget = Budget(ratio=0.1, burst=1, floor=0.0)
    assert budget.withdraw(1.0, 0.0)
    for _ in range(9):
        budget.deposit(0.0)
    assert not budget.withdraw(1.0, 0.0)
    budget.deposit(0.0)
    budget.deposit(0.0)
    assert budget.withdraw(1.0, 0.0)


def test_time_pays_where_there_is_little_traffic():
    budget = Budget(ratio=0.0, burst=1, floor=0.5)
    assert budget.withdraw(1.0, 10.0)
    assert not budget.withdraw(1.0, 11.9)
    assert budget.withdraw(1.0, 12.0)


def test_a_clock_that_goes_back_takes_nothing_and_gives_nothing():
    budget = Budget(ratio=0.0, burst=2, floor=1.0)
    budget.withdraw(2.0, 100.0)
    assert not budget.withdraw(1.0, 50.0)


def test_a_refusal_costs_nothing():
    budget = Budget(ratio=0.0, burst=1, floor=0.0)
    assert not budget.withdraw(2.0, 0.0)
    assert budget.withdraw(1.0, 0.0)
    assert budget.snapshot() == {"tokens": 0.0, "burst": 1, "ratio": 0.0}


@given(STEPS, st.floats(0, 1), st.integers(1, 20), st.floats(0, 1))
def test_repetitions_never_exceed_burst_and_what_was_put_in(steps, ratio, burst, floor):
    budget, now, calls, spent = Budget(ratio, burst, floor), 0.0, 0, 0.0
    for wait, what in steps:
        now += wait
        if what == "call":
            calls += 1
            budget.deposit(now)
        elif budget.withdraw(cost := 2.0 if what == "costly" else 1.0, now):
            spent += cost
        assert 0.0 <= budget.tokens <= burst
    assert spent <= burst + ratio * calls + floor * now + 1e-6


@pytest.mark.parametrize("cost", [1.0, 2.0])
def test_a_costly_repetition_takes_more(cost):
    budget = Budget(ratio=0.0, burst=10, floor=0.0)
    budget.withdraw(cost, 0.0)
    assert budget.tokens == 10 - cost
