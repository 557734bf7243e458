import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.drills import Drills, Order, TooManyDrills, varied


def order(percent=100.0, route="*", upstream="api", lasts=600.0, fault="hang"):
    return Order(fault, upstream, route, percent, lasts)


@pytest.mark.parametrize(
    ("upstream", "route", "hit"),
    [("api", "users", True), ("api", "default", False), ("other", "users", False)],
)
def test_a_drill_hits_the_calls_of_its_upstream_and_route_only(upstream, route, hit):
    drills = Drills()
    drills.start(order(route="users"), 0.0)
    assert (drills.pick(upstream, route, 0.0) is not None) is hit


@pytest.mark.parametrize(
    ("number", "fault"),
    [(0.0, "hang"), (0.19, "hang"), (0.2, "garbage"), (0.49, "garbage"), (0.5, None)],
)
def test_the_shares_of_two_drills_stand_side_by_side(number, fault):
    drills = Drills()
    drills.start(order(20.0), 0.0)
    drills.start(order(30.0, fault="garbage"), 0.0)
    picked = drills.pick("api", "x", number)
    assert (picked.order.fault if picked else None) == fault


@given(st.floats(0, 1, exclude_max=True))
def test_a_drill_of_all_calls_hits_every_one(number):
    drills = Drills()
    drills.start(order(100.0), 0.0)
    assert drills.pick("api", "x", number) is not None


def test_a_drill_ends_when_its_time_is_over_and_not_before():
    drills = Drills()
    short, long = drills.start(order(lasts=10.0), 5.0), drills.start(order(lasts=20.0), 5.0)
    assert (drills.next_end(), drills.expire(14.9)) == (15.0, [])
    assert drills.expire(15.0) == [short]
    assert drills.snapshot(15.0) == [
        {
            "id": long.id,
            "fault": "hang",
            "upstream": "api",
            "route": "*",
            "percent": 100.0,
            "left": 10.0,
        }
    ]
    assert (drills.expire(25.0), drills.next_end(), len(drills)) == ([long], None, 0)


def test_a_drill_that_is_stopped_is_gone_and_its_id_is_not_given_again():
    drills = Drills()
    first = drills.start(order(), 0.0)
    assert drills.stop(first.id) == first
    assert drills.stop(first.id) is None
    assert drills.start(order(), 0.0).id != first.id


def test_there_are_only_so_many():
    drills = Drills(most=2)
    drills.start(order(), 0.0)
    drills.start(order(), 0.0)
    with pytest.raises(TooManyDrills, match="2 drills are under way"):
        drills.start(order(), 0.0)
    assert repr(drills) == "<Drills hang, hang>"


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1, exclude_max=True))
def test_a_delay_differs_by_its_jitter_at_most_and_is_never_negative(delay, jitter, number):
    assert max(0.0, delay - jitter) <= varied(delay, jitter, number) <= delay + jitter


def test_what_is_set_by_hand_is_shown():
    drills = Drills()
    drills.start(Order("latency", "api", "*", 5.0, 60.0, 0.5, 0.1), 0.0)
    (shown,) = drills.snapshot(0.0)
    assert (shown["delay"], shown["jitter"], shown["left"]) == (0.5, 0.1, 60.0)
