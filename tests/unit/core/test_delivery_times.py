import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config.queue import Queue, Schedule
from sidecar.core.delivery_schedule import as_text, ladder, wait_after

SCHEDULES = st.builds(
    Schedule,
    base=st.floats(0.001, 1e4),
    growth=st.floats(1, 16),
    cap=st.floats(0.001, 1e6),
)


def test_the_ladder_holds_the_attempts_that_are_really_made():
    rungs = list(ladder(Queue()))
    assert [rung.after for rung in rungs] == [0, 5, 15, 35, 75, 155, 315, 635, 1275, 2555]
    assert [rung.attempt for rung in rungs] == list(range(1, 11))


def test_attempts_may_be_used_up_before_it_expires():
    assert [rung.after for rung in ladder(Queue(attempts=3))] == [0, 5, 15]


DAY = 86400.0
LONG = "0s, 5s, 15s, 35s, 1m15s, 2m35s, 5m15s, 10m35s, 21m15s, 42m35s"
MINUTES = "0s, 1m, 2m, 3m, 4m, 5m, 6m, 7m, 8m, 9m, 10m, 11m, …, 19m"
HOURLY = Queue(expires=DAY, schedule=Schedule(base=3600.0), attempts=3)
SLOW = Queue(expires=DAY, schedule=Schedule(base=5400.0, cap=5400.0), attempts=2)


@pytest.mark.parametrize(
    ("queue", "text"),
    [
        (Queue(), f"{LONG}; 10 attempts, given up after 1h"),
        (Queue(attempts=1), "0s; 1 attempt, given up after 1h"),
        (
            Queue(expires=DAY, schedule=Schedule(base=60.0, growth=1.0)),
            f"{MINUTES}; 20 attempts, given up after 1d",
        ),
        (HOURLY, "0s, 1h, 2h; 3 attempts, given up after 1d"),
        (SLOW, "0s, 1h30m; 2 attempts, given up after 1d"),
    ],
)
def test_the_ladder_is_printed_in_one_line(queue, text):
    assert as_text(queue) == text


@given(SCHEDULES, st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_within_its_bounds_and_shortened_by_a_fifth_at_most(schedule, attempt, drawn):
    longest = wait_after(schedule, attempt, 0.0)
    assert 0 < longest <= schedule.cap
    assert 0.8 * longest <= wait_after(schedule, attempt, drawn) <= longest


@given(SCHEDULES, st.integers(1, 1000))
def test_waits_do_not_shrink(schedule, attempt):
    assert wait_after(schedule, attempt, 0.0) <= wait_after(schedule, attempt + 1, 0.0)
