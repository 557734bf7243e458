"""When `make bench-check` says that something has become slower."""

import pytest

from bench.check.comparing import Minima, faster, lines, slower, unknown


def test_ratios_are_of_minima() -> None:
    minima = Minima()
    for name, seconds in [("ref", 2.0), ("x", 9.0), ("ref", 1.0), ("x", 3.0), ("x", 4.0)]:
        minima.add(name, seconds)
    assert minima.ratios("ref") == {"x": 3.0}


def test_a_disturbed_try_changes_nothing() -> None:
    minima = Minima()
    for name in ("ref", "x"):
        minima.add(name, 1.0)
        minima.add(name, 100.0)
    assert minima.ratios("ref") == {"x": 1.0}


@pytest.mark.parametrize(
    ("ratio", "is_slower", "is_faster"),
    [(2.0, False, False), (2.49, False, False), (2.5, True, False), (9.0, True, False),
     (1.51, False, False), (1.5, False, True)],
)  # fmt: skip
def test_a_quarter_is_a_loss_and_a_gain(ratio: float, is_slower: bool, is_faster: bool) -> None:
    assert bool(slower({"x": ratio}, {"x": 2.0})) is is_slower
    assert bool(faster({"x": ratio}, {"x": 2.0})) is is_faster


def test_what_is_new_is_not_slower_but_named() -> None:
    assert slower({"new": 9.0}, {}) == []
    assert unknown(["new", "x"], {"x": 1.0, "gone": 1.0}) == ["gone", "new"]


def test_the_table_shows_the_change() -> None:
    assert "+50%" in lines({"x": 3.0}, {"x": 2.0})[1]
    assert lines({"x": 3.0}, {})[1].endswith("-")
