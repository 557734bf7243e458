import pytest

from sidecar.core.breaker import Refusal
from tests.support.breakers import DUE, Breaking, kind


def test_five_failures_in_a_row_open_it_and_refuse_at_once():
    world = Breaking().open()
    assert world.ask() == Refusal("open", DUE)
    assert world.told == [("closed", "open", "consecutive")]


def test_what_counts_as_nothing_neither_opens_it_nor_ends_a_row():
    world = Breaking()
    for verdict in ("failure", "ignore") * 4 + ("ignore",) * 50:
        world.end(verdict)
    assert world.breaker.state == "closed"
    world.end("failure")
    assert world.breaker.state == "open"


def test_half_of_six_calls_open_it():
    world = Breaking()
    for verdict in ("success", "failure") * 2 + ("success",):
        world.end(verdict)
    assert world.breaker.state == "closed"
    world.end("failure", reason="http_500")
    assert world.told == [("closed", "open", "failure_rate")]


def test_slow_answers_open_it_although_they_are_good():
    world = Breaking(slow=1.0)
    for _ in range(6):
        world.end("success", duration=1.2)
    assert world.told == [("closed", "open", "slow_rate")]
    assert {each["reason"] for each in world.breaker.snapshot(0.0)["tripped_by"]} == {"slow"}


@pytest.mark.parametrize("config", [{}, {"slow": 2.0}])
def test_answers_are_slow_only_where_that_is_configured(config):
    world = Breaking(**config)
    for _ in range(20):
        world.end("success", duration=1.2)
    assert world.breaker.state == "closed"


def test_one_probe_at_a_time():
    world = Breaking().open()
    world.now = DUE
    answers = [kind(world.ask()) for _ in range(50)]
    assert answers == ["probe", *["half_open"] * 49]
    assert world.told[1:] == [("open", "half_open", "cooldown")]


def test_a_probe_that_succeeds_closes_it_and_calls_come_back_by_and_by():
    world = Breaking(ramp=2).recover()
    assert world.told[-1] == ("half_open", "closed", "recovered")
    first, _second, third = world.permit(), world.permit(), world.ask()
    assert third == Refusal("ramp", pytest.approx(0.25))
    first.settle("success", world.now)
    assert [kind(world.ask()) for _ in range(3)] == ["call", "call", "ramp"]
    world.now += 1.0
    assert [kind(world.ask()) for _ in range(100)] == ["call"] * 100


def test_a_failure_while_it_ramps_up_widens_nothing():
    world = Breaking(ramp=1).recover()
    for verdict in ("failure", "ignore"):
        world.end(verdict)
    assert [kind(world.ask()) for _ in range(2)] == ["call", "ramp"]


def test_a_probe_that_fails_opens_it_for_longer():
    world = Breaking()
    world.probe().settle("failure", world.now, reason="http_502")
    assert world.ask() == Refusal("open", pytest.approx(DUE * 1.5))
    assert world.told[-1] == ("half_open", "open", "probe")


def test_a_slow_probe_fails():
    world = Breaking(slow=1.0)
    world.probe().settle("success", world.now, duration=1.1)
    assert world.breaker.state == "open"


def test_a_probe_that_says_nothing_gives_its_permit_back():
    world = Breaking()
    probe = world.probe()
    assert kind(world.ask()) == "half_open"
    probe.cancel(world.now)
    assert (world.breaker.state, kind(world.ask())) == ("half_open", "probe")


def test_a_probe_with_any_answer_shows_that_the_upstream_is_there():
    world = Breaking()
    world.probe().settle("ignore", world.now, reason="http_404")
    assert world.breaker.state == "closed"


def test_a_probe_that_was_sent_and_not_answered_fails():
    world = Breaking()
    world.probe().settle("ignore", world.now, reason="total_timeout", answered=False)
    assert world.breaker.state == "open"


def test_a_probe_that_hangs_gives_its_permit_back():
    world = Breaking(probe_timeout=2.0)
    hanging = world.probe()
    assert world.ask() == Refusal("half_open", 2.0)
    world.now += 2.0
    second = world.permit()
    assert (kind(second), hanging.lost, second.lost) == ("probe", True, False)
    assert (hanging.holds(world.now), second.holds(world.now)) == (False, True)
    assert kind(world.ask()) == "half_open"


@pytest.mark.parametrize(("verdict", "state"), [("failure", "half_open"), ("success", "closed")])
def test_a_probe_that_lost_its_turn_can_only_do_good(verdict, state):
    world = Breaking(probe_timeout=2.0)
    hanging = world.probe()
    world.now += 2.0
    world.permit()
    hanging.settle(verdict, world.now)
    assert world.breaker.state == state


def test_a_probe_that_hangs_and_that_nobody_replaced_still_fails():
    world = Breaking(probe_timeout=2.0)
    hanging = world.probe()
    world.now += 9.0
    hanging.settle("failure", world.now)
    assert world.breaker.state == "open"


def test_several_probes_must_succeed_one_after_the_other():
    world = Breaking(probes=2)
    world.probe().settle("success", world.now)
    assert world.breaker.state == "half_open"
    assert [kind(world.ask()), kind(world.ask())] == ["probe", "half_open"]


def test_the_first_of_several_probes_that_breaks_later_opens_it():
    world = Breaking(probes=2)
    probe = world.probe()
    probe.settle("success", world.now)
    probe.broke(world.now, "truncated_body")
    assert world.told[-1] == ("half_open", "open", "probe")


def test_a_harmless_call_probes_first():
    world = Breaking().open()
    world.now = DUE
    assert world.ask(safe=False) == Refusal("open", pytest.approx(0.1))
    assert kind(world.ask(safe=True)) == "probe"


def test_without_a_harmless_call_another_probes_a_little_later():
    world = Breaking().open()
    world.now = DUE + 0.1
    assert kind(world.ask(safe=False)) == "probe"
