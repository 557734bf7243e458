"""The turns of calls in lanes. Times are binary fractions, so sums are exact."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.config.pace import Pace, PaceBackoff
from sidecar.core.lane import Lane, Place
from sidecar.core.pace import Lanes, Passage, Refusal, Wait, watch
from tests.support.costs import cheap

INF = float("inf")


def arrive(lane, now=0.0, deadline=INF):
    passage = Passage([lane], now, deadline, lambda: None)
    return passage, passage.step(now)


def test_a_burst_passes_at_once_and_the_rest_evenly():
    lane = Lane(Pace(2.0, burst=3))
    steps = [arrive(lane)[1] for _ in range(6)]
    assert steps[:3] == [None] * 3
    assert steps[3] == Wait(0.5, 0)
    assert [lane.due(0.0, ahead) for ahead in range(4)] == [0.5, 1.0, 1.5, 2.0]


def test_the_burst_comes_back_with_time_and_not_beyond_itself():
    lane = Lane(Pace(2.0, burst=3))
    for _ in range(3):
        arrive(lane)
    assert [arrive(lane, 1.0)[1] for _ in range(3)] == [None, None, Wait(0.5, 0)]
    assert [arrive(Lane(Pace(2.0, burst=3)), 1e6)[1] for _ in range(3)] == [None] * 3


def test_who_stands_in_line_looks_again_when_it_is_first():
    woken = []
    lane = Lane(Pace(1.0))
    arrive(lane)
    first, second = (Passage([lane], 0.0, INF, lambda n=n: woken.append(n)) for n in (1, 2))
    assert (first.step(0.0), second.step(0.0)) == (Wait(1.0, 0), Wait(5.0, 0))
    assert first.step(1.0) is None
    assert woken == [2]
    assert second.step(1.0) == Wait(1.0, 0)
    assert second.step(2.0) is None
    assert (lane.waiting, lane.at_rest(3.0)) == (0, True)


def test_a_call_that_leaves_gives_its_turn_to_the_next():
    lane = Lane(Pace(1.0))
    arrive(lane)
    first, _ = arrive(lane)
    second, _ = arrive(lane)
    first.leave()
    first.leave()
    assert second.step(0.0) == Wait(1.0, 0)
    assert second.step(1.0) is None


def test_nobody_waits_in_vain():
    lane = Lane(Pace(1.0, max_wait=2.0))
    arrive(lane)
    assert arrive(lane, deadline=1.0)[1] == Refusal("timeout", 1.0, 0)
    for _ in range(2):
        assert isinstance(arrive(lane)[1], Wait)
    assert arrive(lane)[1] == Refusal("timeout", 3.0, 0)
    assert lane.waiting == 2


def test_a_line_is_bounded():
    lane = Lane(Pace(1.0, max_waiters=2, max_wait=100.0))
    arrive(lane)
    assert [type(arrive(lane)[1]) for _ in range(2)] == [Wait, Wait]
    assert arrive(lane)[1] == Refusal("full", 3.0, 0)


def test_without_places_to_wait_a_call_passes_or_is_refused():
    lane = Lane(Pace(1.0, max_waiters=0))
    assert arrive(lane)[1] is None
    assert arrive(lane)[1] == Refusal("full", 1.0, 0)
    assert arrive(lane, 1.0)[1] is None


def test_after_a_rest_the_burst_is_spent():
    lane = Lane(Pace(1.0, burst=10))
    assert lane.throttled(0.0, -1.0, 4.0) == 4.0
    assert [lane.due(0.0, ahead) for ahead in range(3)] == [4.0, 5.0, 6.0]


def test_without_a_rest_the_burst_is_there_still():
    lane = Lane(Pace(1.0, burst=10, backoff=PaceBackoff(base=0.0)))
    assert lane.throttled(0.0, -1.0, None) == 0.0
    assert [lane.due(0.0, ahead) for ahead in range(11)] == [0.0] * 10 + [1.0]


def test_a_rest_grows_with_each_throttle_of_a_call_that_passed_after_the_last():
    lane = Lane(Pace(1.0, max_wait=INF))
    now, rests = 0.0, []
    for _ in range(5):
        rests.append(lane.throttled(now + 0.25, now, 1.0))
        now = lane.due(now + 0.25)
    assert rests == [1.0, 4.0, 16.0, 64.0, 64.0]


def test_throttles_of_calls_that_were_under_way_together_are_one():
    lane = Lane(Pace(1.0, burst=50))
    assert [lane.throttled(1.0 + n / 64, n / 64, None) for n in range(50)] == [1.0] + [0.0] * 49
    assert lane.due(2.0) == 2.0


def test_what_the_upstream_asks_holds_up_to_a_bound():
    lane = Lane(Pace(1.0, backoff=PaceBackoff(max_asked=100.0)))
    assert lane.throttled(0.0, -1.0, 30.0) == 30.0
    assert lane.throttled(1.0, -1.0, INF) == 100.0
    assert lane.due(1.0) == 101.0


@pytest.mark.parametrize(("passed", "rest"), [(6.0, 1.0), (4.0, 4.0)])
def test_a_success_ends_the_row_if_it_passed_after_the_throttle(passed, rest):
    lane = Lane(Pace(1.0))
    lane.throttled(5.0, 4.0, None)
    lane.succeeded(passed)
    assert lane.throttled(10.0, 9.0, None) == rest


def test_a_row_is_forgotten_after_its_longest_rest():
    lane = Lane(Pace(1.0))
    lane.throttled(0.0, -1.0, None)
    assert not lane.at_rest(65.0)
    assert lane.at_rest(65.5)
    assert lane.throttled(66.0, 65.75, None) == 1.0


def test_a_call_that_waits_for_a_slow_key_holds_up_nobody_of_a_fast_one():
    pair, number = Lane(Pace(0.125, max_wait=60.0)), Lane(Pace(4.0))
    slow = [Passage([pair, number], 0.0, INF, lambda: None) for _ in range(2)]
    assert [each.step(0.0) for each in slow] == [None, Wait(8.0, 0)]
    assert number.waiting == 0
    assert arrive(number)[1] == Wait(0.25, 0)


def test_slots_are_taken_in_all_lanes_or_in_none():
    pair, number = Lane(Pace(1.0)), Lane(Pace(0.125, max_wait=1.0))
    arrive(number)
    assert Passage([pair, number], 0.0, INF, lambda: None).step(0.0) == Refusal("timeout", 8.0, 1)
    assert pair.due(0.0) == 0.0
    assert pair.at_rest(0.0)


def test_a_rest_of_the_narrow_key_makes_room_in_the_line_of_the_broad_one():
    pair, number = Lane(Pace(1.0, max_wait=60.0)), Lane(Pace(1.0, max_wait=60.0))
    arrive(number)
    woken = []
    mine = Passage([pair, number], 0.0, INF, lambda: woken.append("mine"))
    other = Passage([number], 0.0, INF, lambda: woken.append("other"))
    assert (mine.step(0.0), other.step(0.0)) == (Wait(1.0, 1), Wait(60.0, 0))
    pair.throttled(0.5, 0.0, 10.0)
    assert woken == ["mine"]
    assert mine.step(0.5) == Wait(10.0, 0)
    assert woken == ["mine", "other"]
    assert other.step(1.0) is None


def test_in_the_line_of_a_broad_key_who_came_first_goes_first():
    pair, number = Lane(Pace(0.5)), Lane(Pace(0.25, max_wait=60.0))
    arrive(pair)
    arrive(number)
    early = Passage([pair, number], 0.0, INF, lambda: None)
    late = Passage([number], 1.0, INF, lambda: None)
    assert (early.step(0.0), late.step(1.0)) == (Wait(2.0, 0), Wait(3.0, 0))
    assert early.step(2.0) == Wait(2.0, 1)
    assert (late.step(4.0), early.step(4.0)) == (Wait(57.0, 0), None)


def test_a_recipients_calls_keep_their_order_even_where_a_later_one_has_a_faster_number():
    to, slow, fast = Lane(Pace(1.0, burst=9)), Lane(Pace(0.25)), Lane(Pace(4.0))
    arrive(slow)
    first = Passage([to, slow], 0.0, INF, lambda: None)
    second = Passage([to, fast], 0.0, INF, lambda: None)
    assert (first.step(0.0), second.step(0.0)) == (Wait(4.0, 1), Wait(5.0, 0))
    assert (first.step(4.0), second.step(4.0)) == (None, None)


def test_nobody_waits_in_one_lane_for_what_is_in_vain_in_another():
    pair, number = Lane(Pace(1.0)), Lane(Pace(1.0))
    arrive(pair)
    number.throttled(0.0, -1.0, 60.0)
    step = Passage([pair, number], 0.0, INF, lambda: None).step(0.0)
    assert step == Refusal("timeout", 60.0, 1)


def test_who_stands_in_line_stands_there_until_its_deadline_at_the_longest():
    lane = Lane(Pace(1.0))
    arrive(lane)
    arrive(lane)
    passage, step = arrive(lane, deadline=3.0)
    assert step == Wait(3.0, 0)
    assert passage.step(3.0) == Refusal("timeout", 1.0, 0)
    assert lane.waiting == 1


def test_a_pace_that_is_only_watched_takes_what_it_would_have_let_through():
    lane = Lane(Pace(1.0, max_wait=2.0))
    assert [watch(lane, 0.0, INF) for _ in range(5)] == [None, "waits", "waits", *["timeout"] * 2]
    assert watch(lane, 3.0, INF) is None


def test_idle_keys_make_room_and_busy_ones_stay():
    lanes = Lanes(Pace(1.0, max_keys=2))
    busy = lanes.get("a", 0.0)
    busy.take(0.0)
    lanes.get("b", 0.0)
    lanes.get("c", 0.5)
    assert (len(lanes), lanes.get("a", 0.5)) == (2, busy)
    assert lanes.snapshot(0.5) == {
        "rate": "1/s", "burst": 1, "enforce": True, "keys": 2,
        "busy": {"a": {"waiting": 0, "next_in": 0.5, "rest": 0.0}},
    }  # fmt: skip
    assert repr(lanes) == "<Lanes upstream 1/s, 2 keys>"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 8)), max_size=60))
def test_keys_know_nothing_of_each_other(calls):
    def passes(only):
        lanes, now, found = Lanes(Pace(1.0, burst=2, max_wait=0.0)), 0.0, []
        for key, wait in calls:
            now += wait / 8
            if key in only:
                step = arrive(lanes.get(key, now), now)[1]
                found.append((key, now, step is None))
                if step is not None and key == "b":
                    lanes.get(key, now).throttled(now, now, 8.0)
        return found

    assert passes("a") == [each for each in passes("ab") if each[0] == "a"]


def test_a_look_at_ones_place_costs_the_same_however_many_wait():
    lane = Lane(Pace(1.0))
    places = [Place(float(number // 2), 60.0, lambda: None) for number in range(10_000)]
    for place in places:
        lane.join(place)
    with cheap(0.4):
        assert list(map(lane.ahead, places)) == list(range(10_000))
        for place in reversed(places):
            lane.leave(place)
    assert lane.waiting == 0
