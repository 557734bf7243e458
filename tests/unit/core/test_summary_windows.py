"""Windows against adding up everything anew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.summary import Cell
from sidecar.core.summary_windows import POINTS, STEP, WINDOWS, Windows

CELLS = [Cell("a", "r", "calls"), Cell("a", "r", "duration", "0 0.1"), Cell("b", "s", "calls")]


def grow(totals, amounts):
    return {each: totals.get(each, 0.0) + more for each, more in zip(CELLS, amounts, strict=True)}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=40),
    st.tuples(*[st.integers(0, 3)] * 3),
    st.sampled_from(list(WINDOWS)),
)
def test_a_window_holds_what_was_counted_in_its_time_and_since(ticks, since, name):
    windows, totals, now = Windows({}, 0.0), {}, 0.0
    for amounts in ticks:
        totals, now = grow(totals, amounts), now + STEP
        windows.tick(totals, now)
    looked = now + 1.0
    found = windows.look(name, grow(totals, since), looked)
    held = min(len(ticks), int(WINDOWS[name] / STEP))
    assert found.seconds == held * STEP + 1.0
    for index, each in enumerate(CELLS):
        expected = sum(amounts[index] for amounts in ticks[-held:]) + since[index]
        assert found.counts.get(each, 0.0) == expected


def test_before_the_first_tick_a_window_is_what_was_counted_since_the_start():
    windows = Windows({CELLS[0]: 7.0}, 100.0)
    found = windows.look("1m", {CELLS[0]: 9.0}, 102.0)
    assert (found.seconds, found.counts) == (2.0, {CELLS[0]: 2.0})


def test_ticks_that_come_late_do_not_make_a_window_shorter_than_it_is_called():
    windows, totals, now = Windows({}, 0.0), {}, 0.0
    for _ in range(30):
        totals, now = grow(totals, (1, 0, 0)), now + STEP + 0.02
        windows.tick(totals, now)
    found = windows.look("1m", totals, now)
    assert 60.0 <= found.seconds < 60.0 + STEP
    assert found.counts == {CELLS[0]: 12.0}


def test_a_pause_of_the_machine_leaves_one_long_tick():
    windows = Windows({}, 0.0)
    windows.tick({CELLS[0]: 1.0}, 5.0)
    windows.tick({CELLS[0]: 4.0}, 7205.0)
    found = windows.look("1m", {CELLS[0]: 4.0}, 7205.0)
    assert (found.seconds, found.counts) == (7200.0, {CELLS[0]: 3.0})


def test_sums_of_seconds_vanish_when_they_leave():
    windows, saved, total, now = Windows({}, 0.0), Cell("a", "r", "saved"), 0.0, 0.0
    for step in range(30):
        total, now = total + (0.1 if step < 10 else 0.0), now + STEP
        windows.tick({saved: total}, now)
    assert windows.look("1m", {saved: total}, now).counts == {}


def test_what_is_kept_is_bounded_and_the_oldest_goes_first():
    windows, totals, now = Windows({}, 0.0, most_cells=30), {}, 0.0
    for _ in range(100):
        totals, now = grow(totals, (1, 1, 1)), now + STEP
        windows.tick(totals, now)
    found = windows.look("15m", totals, now)
    assert found.seconds == 10 * STEP
    assert found.counts[CELLS[0]] == 10.0
    assert "10 ticks, 30 counts" in repr(windows)


def test_a_quarter_of_an_hour_is_remembered_and_no_more():
    windows, totals, now = Windows({}, 0.0), {}, 0.0
    for _ in range(400):
        totals, now = grow(totals, (1, 0, 0)), now + STEP
        windows.tick(totals, now)
    assert windows.look("15m", totals, now).counts == {CELLS[0]: 180.0}
    assert "180 ticks, 180 counts" in repr(windows)


def test_a_curve_has_a_point_for_each_tick_and_all_upstreams_have_as_many():
    windows = Windows({}, 0.0)
    failed = Cell("a", "r", "failed", "timeout")
    windows.tick({CELLS[0]: 10.0, failed: 2.0, CELLS[1]: 10.0}, 5.0)
    windows.tick({CELLS[0]: 10.0, failed: 2.0, CELLS[1]: 10.0, CELLS[2]: 5.0}, 10.0)
    assert windows.curve("a") == {
        "step": 5.0,
        "rate": [2.0, 0.0],
        "errors": [2, 0],
        "p95": [pytest.approx(0.095), None],
    }
    assert windows.curve("")["rate"] == [2.0, 1.0]
    assert windows.curve("nobody")["rate"] == []


def test_curves_are_bounded():
    windows = Windows({}, 0.0)
    for step in range(1, POINTS + 20):
        windows.tick({CELLS[0]: float(step)}, step * STEP)
    assert len(windows.curve("a")["rate"]) == POINTS
