import pytest

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker import Breaker, Refusal
from tests.support.breakers import DUE, Breaking, Ticket, kind


def test_forced_open_refuses_all_until_it_ends_by_itself():
    world = Breaking()
    ticket = Ticket()
    world.breaker.force("open", 60.0, "maintenance", world.now)
    assert world.ask() == Refusal("forced", 60.0)
    assert world.breaker.retry_after(10.0) == 50.0
    world.breaker.join(ticket, world.now)
    assert ticket.answers == [Refusal("forced", 60.0)]
    world.now = 60.0
    assert [kind(world.ask()) for _ in range(2)] == ["call", "call"]
    assert world.told == [
        ("closed", "forced_open", "maintenance"),
        ("forced_open", "closed", "expired"),
    ]


def test_forcing_it_open_sends_those_away_who_wait():
    world = Breaking().open()
    ticket = Ticket()
    world.breaker.join(ticket, world.now)
    world.breaker.force("open", 60.0, "", world.now)
    assert [kind(answer) for answer in ticket.answers] == ["forced"]


def test_a_call_that_has_waited_elsewhere_is_not_sent_once_it_is_forced_open():
    world = Breaking()
    permit = world.permit()
    assert permit.holds(world.now)
    world.breaker.force("open", 60.0, "", world.now)
    assert not permit.holds(world.now)


def test_forced_closed_lets_all_through_and_hears_nothing():
    world = Breaking().open()
    ticket = Ticket()
    world.breaker.join(ticket, world.now)
    world.breaker.force("closed", 60.0, "", world.now)
    assert [kind(answer) for answer in ticket.answers] == ["call"]
    permits = [world.permit() for _ in range(20)]
    for permit in permits:
        assert permit.holds(world.now)
        permit.settle("success", world.now)
    assert (world.breaker.state, world.breaker.stage(world.now)) == ("open", "forced_closed")


@pytest.mark.parametrize("by_hand", [True, False])
def test_observing_judges_and_refuses_nothing(by_hand):
    world = Breaking(enforce=by_hand)
    if by_hand:
        world.breaker.force("observe", 600.0, "", 0.0)
    permits = [world.permit() for _ in range(8)]
    for permit in permits[:5]:
        permit.settle("failure", 0.0)
    assert world.breaker.state == "open"
    shadow = world.permit()
    assert (shadow.unenforced, permits[0].unenforced, shadow.holds(0.0)) == (True, False, True)
    shadow.settle("success", 0.0)
    assert world.breaker.state == "open"
    world.now = DUE
    world.end("success")
    assert world.breaker.state == "closed"


def test_who_only_looks_does_not_see_what_has_ended_and_tells_nobody():
    world = Breaking()
    world.breaker.force("open", 60.0, "", world.now)
    assert [world.breaker.forced(now) for now in (59.9, 60.0)] == ["open", None]
    assert world.told == [("closed", "forced_open", "")]


def test_a_reset_makes_it_as_new():
    world = Breaking()
    probe = world.probe()
    probe.settle("failure", world.now, wait=30.0)
    late = Ticket()
    world.breaker.join(late, world.now)
    world.breaker.force("observe", 60.0, "", world.now)
    world.breaker.reset(world.now)
    fresh = Breaker(Config(), lambda: 0.0, now=world.now)
    assert world.breaker.snapshot(world.now) == fresh.snapshot(world.now)
    assert world.told[-1] == ("observed", "closed", "reset")
    assert world.open().ask() == Refusal("open", DUE)


def test_a_snapshot_says_how_it_stands():
    world = Breaking()
    world.end("success")
    world.open()
    world.now = 0.1
    world.breaker.join(Ticket(), world.now)
    assert world.breaker.snapshot(world.now) == {
        "state": "open",
        "enforced": True,
        "seconds_in_state": 0.1,
        "seconds_to_probe": 0.15,
        "calls": 0,
        "failures": 0,
        "slow": 0,
        "consecutive": 0,
        "failure_rate": 0.0,
        "in_flight": 0,
        "tripped_by": [{"reason": "http_503", "seconds_ago": 0.1}] * 5,
        "held": 1,
        "forced": None,
    }
    world.breaker.force("closed", 60.0, "x" * 500, world.now)
    assert world.breaker.snapshot(1.1)["forced"] == {
        "state": "closed",
        "reason": "x" * 200,
        "seconds_left": 59.0,
    }


def test_it_shows_itself():
    world = Breaking().open()
    assert repr(world.breaker) == (
        "Breaker(Circuit(open, 0 in flight), Hand(off), Line(0 safe, 0 others))"
    )
    world.now = DUE
    assert repr(world.permit()) == "Permit(probe, out)"
