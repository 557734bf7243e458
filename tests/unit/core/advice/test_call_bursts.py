from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.advice.bursts import GAP, Bursts, Follows, Runs
from sidecar.core.advice.called import Asked
from sidecar.core.advice.shape import Filter, Shape

PARENTS = Shape("GET", "/rest/v1/parents", "parents", (Filter("account_id", "equal"),))
CHILDREN = Shape("GET", "/rest/v1/children", "children", (Filter("parent_id", "equal"),))


class Seen:
    def __init__(self):
        self.runs = defaultdict(Runs)
        self.follows = defaultdict(Follows)
        self.now = 0.0
        self.bursts = Bursts(
            lambda asked: self.runs[asked.shape],
            lambda one, other: self.follows[one.shape, other.shape],
        )

    def call(self, shape, value, *, wait=0.001, took=0.01, group=1, traced=False):
        column = shape.filters[0].column
        key = hash((shape, value))
        operands = ((column, hash(value)),)
        asked = Asked("db", "rest", shape, key, group, traced, operands=operands)
        began = self.now + wait
        self.now = began + took
        self.bursts.see(asked, began, self.now)

    def row(self, count, **more):
        self.call(PARENTS, 7, wait=1.0, **more)
        for number in range(count):
            self.call(CHILDREN, number, **more)


def test_many_calls_of_a_shape_one_after_the_other_are_a_row():
    seen = Seen()
    seen.row(6)
    seen.row(8)
    seen.bursts.settle()
    runs = seen.runs[CHILDREN]
    assert (runs.count, runs.calls, runs.longest) == (2, 14, 8)
    assert runs.columns == {"parent_id": 2}
    assert runs.parents == {PARENTS: 2}
    assert runs.traced == 0
    assert 0.06 < runs.seconds < 0.2


def test_calls_at_the_same_time_are_a_row_as_well():
    seen = Seen()
    seen.call(PARENTS, 1)
    for number in range(5):
        seen.call(CHILDREN, number, wait=-0.009, took=0.01)
    seen.bursts.settle()
    assert seen.runs[CHILDREN].calls == 5


def test_few_are_none_and_neither_are_those_that_come_late():
    seen = Seen()
    seen.row(3)
    for number in range(9):
        seen.call(CHILDREN, number, wait=2 * GAP)
    seen.bursts.settle()
    assert seen.runs[CHILDREN].count == 0


def test_who_asks_for_the_same_again_and_again_makes_no_row():
    seen = Seen()
    for _ in range(20):
        seen.call(CHILDREN, 1)
    seen.bursts.settle()
    assert seen.runs[CHILDREN].count == 0


def test_callers_are_told_apart():
    seen = Seen()
    for number in range(20):
        seen.call(CHILDREN, number, group=number % 10)
    seen.bursts.settle()
    assert seen.runs[CHILDREN].count == 0


def test_a_call_that_follows_another_is_counted_with_what_they_share():
    seen = Seen()
    for number in range(10):
        seen.call(PARENTS, number, wait=1.0, traced=True, group=number)
        seen.call(CHILDREN, number, wait=0.002, traced=True, group=number)
    follows = seen.follows[PARENTS, CHILDREN]
    assert (follows.count, follows.traced) == (10, 10)
    assert follows.same == {("account_id", "parent_id"): 10}
    assert 0.019 < follows.gap < 0.021


def test_what_follows_a_row_of_calls_follows_none_of_them():
    seen = Seen()
    for number in range(6):
        seen.call(CHILDREN, number)
    seen.call(PARENTS, 1)
    assert not seen.follows


def test_what_is_the_same_goes_on_being_counted_when_there_is_no_room_for_more():
    seen = Seen()
    for number in range(40):
        for shape, column in ((PARENTS, "a"), (CHILDREN, "b")):
            odd = f"{column}{number if number < 20 else 0}"
            asked = Asked("db", "rest", shape, number, number, operands=((column, 1), (odd, 2)))
            seen.bursts.see(asked, seen.now, seen.now)
    same = seen.follows[PARENTS, CHILDREN].same
    assert len(same) == 16
    assert same["a", "b"] == 40


def test_calls_at_the_same_time_follow_each_other_not():
    seen = Seen()
    for number in range(10):
        seen.call(PARENTS, number, wait=1.0)
        seen.call(CHILDREN, number, wait=-0.005)
    assert not seen.follows


moves = st.tuples(
    st.sampled_from([PARENTS, CHILDREN]),
    st.integers(0, 5),
    st.floats(-0.01, 0.2),
    st.integers(0, 3),
)


@given(st.lists(moves, max_size=80))
def test_no_call_is_in_two_rows(steps):
    seen = Seen()
    for shape, value, wait, group in steps:
        seen.call(shape, value, wait=wait, group=group)
    seen.bursts.settle()
    seen.bursts.settle()
    for runs in seen.runs.values():
        assert runs.calls <= len(steps)
        assert runs.longest <= 6
        assert runs.calls >= 4 * runs.count
    assert sum(each.count for each in seen.follows.values()) < max(1, len(steps))
