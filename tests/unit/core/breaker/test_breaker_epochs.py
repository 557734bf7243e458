import pytest

from sidecar.core.breaker import Refusal
from tests.support.breakers import DUE, Breaking, kind


def test_calls_from_before_it_opened_take_no_place_after_it_has_closed():
    world = Breaking(ramp=2)
    for _ in range(5):
        world.permit()
    world.recover()
    assert [kind(world.ask()) for _ in range(3)] == ["call", "call", "ramp"]


def test_a_new_outage_begins_where_it_should():
    world = Breaking()
    world.probe().settle("failure", world.now, wait=3600.0, reason="http_500")
    world.now += 60.0
    world.end("success")
    assert world.breaker.state == "closed"
    world.now += 11.0
    assert world.open().ask() == Refusal("open", DUE)
    reasons = {each["reason"] for each in world.breaker.snapshot(world.now)["tripped_by"]}
    assert reasons == {"http_503"}


@pytest.mark.parametrize("end", ["success", "failure"])
def test_a_result_from_before_it_opened_changes_nothing(end):
    world = Breaking()
    late = [world.permit() for _ in range(20)]
    world.open()
    before = world.breaker.snapshot(world.now)
    world.now = 0.2
    for permit in late[:10]:
        permit.settle(end, world.now, wait=30.0)
    assert world.ask() == Refusal("open", pytest.approx(0.05))
    assert world.breaker.snapshot(0.0) == before
    world.now = DUE
    world.permit()
    for permit in late[10:]:
        permit.settle(end, world.now)
    assert world.breaker.state == "half_open"


@pytest.mark.parametrize(
    ("wait", "refused"), [(None, DUE), (0.1, DUE), (7.0, 7.0), (3600.0, 60.0), (float("inf"), DUE)]
)
def test_retry_after_is_how_long_it_stays_open(wait, refused):
    world = Breaking()
    for asked in (wait, None, None, None, None):
        world.end("failure", wait=asked)
    assert world.ask() == Refusal("open", refused)


def test_a_permit_counts_once():
    world = Breaking()
    permit = world.permit()
    for _ in range(10):
        permit.settle("failure", world.now)
        permit.cancel(world.now)
        permit.broke(world.now, "truncated_body")
    assert world.breaker.snapshot(world.now)["failures"] == 1
    assert world.breaker.snapshot(world.now)["in_flight"] == 0


def test_a_body_that_breaks_is_a_second_vote():
    world = Breaking()
    for _ in range(3):
        permit = world.permit()
        permit.settle("success", world.now)
        permit.broke(world.now, "truncated_body")
        permit.broke(world.now, "truncated_body")
    assert world.told == [("closed", "open", "failure_rate")]


def test_a_body_that_breaks_after_it_opened_changes_nothing():
    world = Breaking()
    permit = world.permit()
    permit.settle("success", world.now)
    world.probe().settle("success", world.now)
    permit.broke(world.now, "truncated_body")
    assert world.breaker.snapshot(world.now)["failures"] == 0
