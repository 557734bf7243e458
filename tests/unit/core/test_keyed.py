from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.keyed import Keyed


def test_a_state_is_made_once_for_each_key():
    states = Keyed(lambda key: [key], most=3)
    assert states.get("a") is states.get("a")
    assert states.get("b") == ["b"]
    assert len(states) == 2


def test_the_least_recently_used_state_goes_first():
    states = Keyed(lambda key: [key], most=2)
    states.get("a")
    states.get("b")
    states.get("a")
    states.get("c")
    assert [key for key, _ in states] == ["a", "c"]


def test_what_is_in_use_is_kept_even_beyond_the_bound():
    busy = {"a", "b"}
    states = Keyed(lambda key: key, most=2, at_rest=lambda state: state not in busy)
    for key in "abc":
        states.get(key)
    assert [key for key, _ in states] == ["a", "b", "c"]
    busy.clear()
    states.get("d")
    assert [key for key, _ in states] == ["c", "d"]


def test_a_new_key_costs_the_same_however_many_are_in_use():
    asked = []
    states = Keyed(str, most=10, at_rest=asked.append)
    for key in range(500):
        states.get(str(key))
    assert len(states) == 500
    assert len(asked) < 10 * 500


def test_what_is_at_rest_goes_though_much_that_is_in_use_is_older():
    busy = set(map(str, range(100)))
    states = Keyed(str, most=10, at_rest=lambda state: state not in busy)
    for key in range(1000):
        states.get(str(key))
    kept = {key for key, _ in states}
    assert busy <= kept
    assert len(kept) < 130


@given(st.lists(st.integers(0, 50)), st.integers(1, 8))
def test_states_at_rest_never_outgrow_the_bound(keys, most):
    states = Keyed(str, most=most)
    for key in keys:
        assert states.get(str(key)) == str(key)
        assert len(states) <= most
