import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.limit.queue import Queue, Ticket, priority_of
from tests.support.costs import cheap


def ticket(lane="", since=0.0, priority="interactive"):
    return Ticket(priority, lane, since, 0.1, "timeout")


def queue(*tickets):
    subject = Queue()
    for each in tickets:
        subject.add(each)
    return subject


def taken(subject, now=0.0):
    result = []
    while (each := subject.take(now)) is not None:
        result.append(each)
    return result


def test_the_oldest_goes_first():
    first, second, third = (ticket(since=at) for at in (0.0, 0.001, 0.002))
    assert taken(queue(first, second, third), 0.01) == [first, second, third]


def test_batch_calls_wait_until_no_interactive_one_does():
    batch, call = ticket(priority="batch"), ticket(since=0.01)
    assert taken(queue(batch, call), 0.02) == [call, batch]


def test_lanes_take_turns_whoever_came_first():
    loud = [ticket("loud") for _ in range(4)]
    quiet = [ticket("quiet") for _ in range(2)]
    other = [ticket("other")]
    order = [each.lane for each in taken(queue(*loud, *quiet, *other))]
    assert order == ["loud", "quiet", "other", "loud", "quiet", "loud", "loud"]


def test_a_queue_that_stands_serves_the_newest_first():
    subject = queue()
    for step in range(60):  # each has waited for 10 ms when it is its turn
        now = step * 0.002
        subject.add(ticket(since=now))
        if step >= 5:
            assert subject.take(now).since == pytest.approx(now - 0.010 if now < 0.11 else now)
    assert subject.is_standing(0.12)


def test_a_burst_is_served_in_order():
    burst = [ticket() for _ in range(40)]
    subject = queue(*burst)
    order = [subject.take(step * 0.002) for step in range(40)]
    assert order == burst


def test_a_queue_that_was_empty_does_not_stand():
    subject = queue(*(ticket() for _ in range(100)))
    for step in range(99):
        subject.take(step * 0.005)
    assert subject.is_standing(0.5)
    subject.take(0.5)
    assert not subject.is_standing(0.5)


def test_a_wait_below_the_target_ends_a_standing_queue():
    burst = [ticket() for _ in range(4)]
    subject = queue(*burst)
    assert [subject.take(now) for now in (0.01, 0.05, 0.12)] == [burst[0], burst[1], burst[3]]
    subject.add(ticket(since=0.2))
    subject.add(ticket(since=0.2))
    assert subject.is_standing(0.202)
    subject.remove(burst[2])
    subject.take(0.203)
    assert not subject.is_standing(0.203)


@pytest.mark.parametrize(
    ("waiting", "arriving", "displaced"),
    [
        ([("batch", "a"), ("interactive", "b")], ("interactive", "c"), ("batch", "a")),
        ([("batch", "a"), ("batch", "a")], ("batch", "a"), None),
        ([("batch", "a"), ("batch", "b")], ("batch", "c"), None),
        ([("batch", "a"), ("batch", "a")], ("batch", "c"), ("batch", "a")),
        ([("interactive", "a")] * 3, ("batch", "c"), None),
        ([("interactive", "a")] * 3, ("interactive", "a"), None),
        ([("interactive", "a")] * 3, ("interactive", "b"), ("interactive", "a")),
        ([("interactive", "a")] * 2 + [("interactive", "b")], ("interactive", "b"), None),
        (
            [("interactive", "a")] * 3 + [("interactive", "b")],
            ("interactive", "b"),
            ("interactive", "a"),
        ),
    ],
)
def test_a_full_queue_makes_room_for_what_matters_more(waiting, arriving, displaced):
    subject = queue(*(ticket(lane, priority=priority) for priority, lane in waiting))
    given_up = subject.displace(*arriving)
    assert (given_up and (given_up.priority, given_up.lane)) == displaced
    assert len(subject) == len(waiting) - (displaced is not None)


def test_the_newest_of_the_longest_lane_is_displaced():
    first, second = ticket("a"), ticket("a", since=0.01)
    assert queue(first, second).displace("interactive", "b") is second


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "take", "displace"]), max_size=60))
def test_the_longest_lane_is_known_whatever_comes_and_goes(steps):
    subject = queue()
    lanes = subject._lanes["interactive"]
    for step in steps:
        if step == "take":
            subject.take(0.0)
        elif step == "displace":
            subject.displace("interactive", "new")
        else:
            subject.add(ticket(step))
        if lanes:
            assert len(lanes.longest()) == max(map(len, lanes._lanes.values()))


def test_whether_one_is_displaced_costs_the_same_however_many_lanes_there_are():
    subject = queue(*(ticket(str(number)) for number in range(1000)))
    with cheap(0.4):
        for _ in range(20_000):
            assert subject.displace("interactive", "new") is None


@given(st.lists(st.integers(0, 3), max_size=60), st.lists(st.booleans(), max_size=60))
def test_a_lane_that_waits_has_a_turn_within_as_many_turns_as_there_are_lanes(lanes, takes):
    subject, waiting, since_turn = Queue(), {}, {}
    arrivals = iter(lanes)
    for take in takes:
        if not take and (lane := next(arrivals, None)) is not None:
            subject.add(ticket(str(lane)))
            waiting[str(lane)] = waiting.get(str(lane), 0) + 1
        elif take and (served := subject.take(0.0)) is not None:
            waiting[served.lane] -= 1
            since_turn = {
                lane: since_turn.get(lane, 0) + 1 for lane, left in waiting.items() if left
            }
            since_turn[served.lane] = 0
            assert max(since_turn.values()) <= 4
    assert len(subject) == sum(waiting.values())


@pytest.mark.parametrize(
    ("value", "priority"),
    [
        (b"interactive", "interactive"),
        (b" Batch ", "batch"),
        (b"urgent", "default"),
        (b"", "default"),
    ],
)
def test_a_call_says_its_priority_in_a_field(value, priority):
    headers = [(b"Accept", b"batch"), (b"X-Priority", value)]
    assert priority_of(headers, b"x-priority", "default") == priority


def test_a_call_that_says_nothing_has_the_priority_of_its_route():
    assert priority_of([(b"X-Priority", b"interactive")], None, "batch") == "batch"
    assert priority_of([], b"x-priority", "batch") == "batch"
