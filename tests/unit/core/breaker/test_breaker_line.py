"""Those who wait in line: who is served when, and who goes before whom."""

import pytest

from sidecar.core.breaker import Refusal
from sidecar.core.breaker.line import Line
from tests.support.breakers import DUE, Breaking, Ticket, kind


def test_those_who_wait_are_answered_when_the_time_has_come_and_the_alarm_is_set():
    world = Breaking().open()
    tickets = [Ticket(safe=False), Ticket(), Ticket()]
    assert all(world.breaker.join(ticket, world.now) for ticket in tickets)
    assert world.alarms[-1] == DUE
    world.breaker.serve(DUE)
    assert [len(ticket.answers) for ticket in tickets] == [0, 1, 0]
    assert world.alarms[-1] == 2.0  # unless the probe hangs
    (probe,) = tickets[1].answers
    probe.settle("success", DUE)
    assert [kind(ticket.answers[0]) for ticket in tickets] == ["call", "probe", "call"]


def test_whoever_comes_does_not_overtake_those_who_wait():
    world = Breaking(ramp=1).recover()
    held = world.permit()
    ticket = Ticket()
    world.breaker.join(ticket, world.now)
    assert world.ask() == Refusal("line")
    held.settle("ignore", world.now)
    assert len(ticket.answers) == 1


def test_a_harmless_call_that_comes_probes_before_others_in_the_line():
    world = Breaking().open()
    world.breaker.join(Ticket(safe=False), world.now)
    world.now = DUE
    assert kind(world.ask(safe=True)) == "probe"


def test_those_who_wait_come_first_even_if_the_alarm_is_late():
    world = Breaking().open()
    ticket = Ticket()
    world.breaker.join(ticket, world.now)
    world.now = 1.0
    assert world.ask() == Refusal("half_open", 2.0)
    assert [kind(answer) for answer in ticket.answers] == ["probe"]


def test_the_alarm_is_set_anew_when_a_probe_breaks_off_later():
    world = Breaking(probes=2)
    first = world.probe()
    world.breaker.join(Ticket(), world.now)
    world.breaker.join(Ticket(), world.now)
    first.settle("success", world.now)
    world.alarms.clear()
    first.broke(world.now, "truncated_body")
    assert world.alarms == [pytest.approx(DUE * 1.5)]


def test_a_reset_lets_those_go_who_wait():
    world = Breaking().open()
    ticket = Ticket()
    world.breaker.join(ticket, world.now)
    world.breaker.reset(world.now)
    assert [kind(answer) for answer in ticket.answers] == ["call"]


def test_the_line_is_bounded():
    world = Breaking(max_held=2).open()
    assert [world.breaker.join(Ticket(), world.now) for _ in range(3)] == [True, True, False]


def test_whoever_has_gone_is_passed_over():
    world = Breaking().open()
    gone, ticket = Ticket(), Ticket()
    world.breaker.join(gone, world.now)
    world.breaker.join(ticket, world.now)
    gone.gone = True
    world.breaker.serve(DUE)
    assert (gone.answers, len(ticket.answers)) == ([], 1)


class Named:
    def __init__(self, name, *, safe):
        self.name, self.safe = name, safe

    def is_waiting(self):
        return True


def line_of(letters, most=10):
    """A line of tickets named by letters; lower case is safe."""
    line, tickets = Line(most), [Named(letter, safe=letter.islower()) for letter in letters]
    joined = [line.join(ticket) for ticket in tickets]
    return line, tickets, joined


@pytest.mark.parametrize(
    ("letters", "safe_first", "order"),
    [
        ("abc", False, "abc"),
        ("AbCd", False, "AbCd"),
        ("AbCd", True, "bdAC"),
        ("AB", True, "AB"),
        ("", True, ""),
    ],
)
def test_a_line_is_served_in_order_and_harmless_calls_probe_first(letters, safe_first, order):
    line, *_ = line_of(letters)
    served = ""
    while (ticket := line.first(safe_first=safe_first)) is not None:
        served += ticket.name
        line.leave(ticket)
    assert served == order


def test_a_line_is_bounded_and_can_be_left_twice():
    line, tickets, joined = line_of("abC", most=2)
    assert (joined, len(line)) == ([True, True, False], 2)
    line.leave(tickets[0])
    line.leave(tickets[0])
    assert (len(line), line.join(tickets[2])) == (1, True)


@pytest.mark.parametrize(
    ("letters", "safe", "safe_first", "is_next"),
    [
        ("", False, False, True),
        ("A", True, False, False),
        ("A", True, True, True),
        ("A", False, True, False),
        ("Ab", True, True, False),
    ],
)
def test_only_a_harmless_call_may_come_before_the_line_and_only_to_probe(
    letters, safe, safe_first, is_next
):
    line, *_ = line_of(letters)
    assert line.is_next(safe=safe, safe_first=safe_first) is is_next
