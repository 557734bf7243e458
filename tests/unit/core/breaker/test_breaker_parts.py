import pytest

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker.cooldown import Cooldown
from sidecar.core.breaker.line import Line
from sidecar.core.breaker.ramp import Ramp, Usual
from sidecar.core.breaker.states import Machine
from sidecar.core.breaker.window import Window


def window_of(outcomes, config=None, step=0.01):
    """A window after outcomes written as letters: `.` good, F failed, S slow."""
    window = Window(config or Config())
    for number, letter in enumerate(outcomes):
        window.add(number * step, failed=letter == "F", slow=letter == "S")
    return window


@pytest.mark.parametrize(
    ("outcomes", "breach"),
    [
        ("", None),
        ("FFFF", None),
        ("FFFFF", "consecutive"),
        ("FFFF.", None),
        ("F.F.F", None),  # 60 % of too few
        ("F.F.F.F", "failure_rate"),
        ("...FFF", "failure_rate"),  # exactly half
        ("....FFF", None),
        ("." * 100 + "FFFFF", "consecutive"),
        ("." * 20 + "FFFF.FFFF", None),
        ("SSSS", None),
        ("SSSSS.", "slow_rate"),
        ("SSSS..", None),
        ("......", None),
    ],
)
def test_a_window_opens_on_failures_in_a_row_or_on_a_share_of_enough_calls(outcomes, breach):
    assert window_of(outcomes, Config(slow=1.0)).breach() == breach


def test_a_share_of_zero_still_wants_a_failure():
    assert window_of("......", Config(failure_rate=0.0, slow_rate=0.0)).breach() is None


def test_outcomes_leave_the_window_one_tenth_after_the_other():
    window = Window(Config(window=10.0, consecutive=100))
    for second in range(10):
        window.add(second + 0.5, failed=second < 5, slow=False)
    totals = [window.counts(now)[:2] for now in (9.9, 10.1, 12.1, 14.9, 15.1, 19.1, 1e6)]
    assert totals == [(10, 5), (9, 4), (7, 2), (5, 0), (4, 0), (0, 0), (0, 0)]


def test_what_is_cleared_is_gone():
    window = window_of("FFFFF")
    window.clear()
    assert (window.breach(), window.counts(0.1)) == (None, (0, 0, 0, 0))
    assert window.counts(0.1).failure_rate == 0.0


def openings(cooldown, instants):
    return [round(cooldown.opens(now), 4) for now in instants]


def test_the_ladder_grows_to_a_second_for_a_minute_and_is_five_seconds_then():
    cooldown = Cooldown(Config(), lambda: 0.0)
    assert openings(cooldown, [0, 1, 2, 3, 4, 59.9, 60, 61, 1000]) == [
        *(0.25, 0.375, 0.5625, 0.8438, 1.0, 1.0),
        *(5.0, 5.0, 5.0),
    ]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"open": 2.0}, [2.0, 2.0, 5.0]),  # what somebody wants longer is not cut
        ({"open": 30.0}, [30.0, 30.0, 30.0]),
        ({"open": 30.0, "max_open": 20.0}, [20.0, 20.0, 20.0]),
        ({"open": 1.0, "open_early": 10.0, "open_growth": 3.0}, [1.0, 3.0, 5.0]),
        ({"early": 0.5}, [0.25, 5.0, 5.0]),
    ],
)
def test_the_ladder_is_what_the_configuration_says(config, expected):
    assert openings(Cooldown(Config(**config), lambda: 0.0), [0, 1, 100]) == expected


def test_chance_takes_a_tenth_off_at_most():
    drawn = iter([0.0, 0.5, 0.999])
    cooldown = Cooldown(Config(open=1.0), lambda: next(drawn))
    assert openings(cooldown, [0, 1, 2]) == [1.0, 0.95, 0.9001]


@pytest.mark.parametrize(
    ("asked", "seconds"), [(-3.0, 0.25), (0.1, 0.25), (7.0, 7.0), (60.0, 60.0), (3600.0, 60.0)]
)
def test_what_the_upstream_asks_for_is_kept_up_to_a_bound(asked, seconds):
    assert Cooldown(Config(), lambda: 0.0).opens(0.0, asked) == seconds


@pytest.mark.parametrize(("quiet", "seconds"), [(9.0, 0.375), (11.0, 0.25)])
def test_an_upstream_that_flaps_goes_on_where_the_ladder_was(quiet, seconds):
    cooldown = Cooldown(Config(window=10.0), lambda: 0.0)
    cooldown.opens(0.0)
    cooldown.closes(1.0)
    assert cooldown.opens(1.0 + quiet) == seconds


def test_an_outage_that_comes_soon_after_another_is_probed_early_again():
    cooldown = Cooldown(Config(), lambda: 0.0)
    assert openings(cooldown, [0.0, 70.0]) == [0.25, 5.0]
    cooldown.closes(71.0)
    assert cooldown.opens(72.0) == 0.375


def test_a_ladder_that_is_forgotten_begins_at_the_bottom():
    cooldown = Cooldown(Config(), lambda: 0.0)
    openings(cooldown, [0.0, 0.5, 1.0])
    cooldown.forget()
    assert cooldown.opens(1.5) == 0.25


def free(ramp, now):
    """How many may be in flight."""
    return next((n for n in range(1000) if ramp.wait(n, now) is not None), None)


def test_each_good_answer_lets_one_more_through():
    ramp = Ramp(Config(ramp=2), 0.1, 100.0)
    assert free(ramp, 100.0) == 2
    ramp.answered(0.2, 100.0)
    assert free(ramp, 100.0) == 3


def test_slow_answers_let_hardly_any_more_through():
    ramp = Ramp(Config(ramp=2), 0.1, 100.0)
    for _ in range(20):
        ramp.answered(0.21, 100.0)
    assert free(ramp, 100.0) == 2
    for _ in range(40):
        ramp.answered(0.21, 100.0)
    assert free(ramp, 100.0) == 4


def test_while_it_is_not_known_what_is_usual_no_answer_is_slow():
    ramp = Ramp(Config(ramp=1), None, 100.0)
    ramp.answered(1000.0, 100.0)
    assert free(ramp, 100.0) == 2


def test_the_bound_doubles_where_no_answer_comes():
    ramp = Ramp(Config(ramp=2, ramp_time=4.0), 0.1, 100.0)
    assert [free(ramp, 100 + after) for after in (0.0, 0.9, 1.0, 2.0, 3.5)] == [2, 2, 4, 8, 16]
    assert ramp.wait(16, 103.5) == pytest.approx(0.5)
    ramp.answered(0.1, 103.5)
    assert ramp.wait(17, 104.4) == pytest.approx(0.1)


def test_it_is_over_when_nobody_had_to_wait_for_so_long():
    ramp = Ramp(Config(ramp=1, ramp_time=4.0), 0.1, 100.0)
    for second in range(101, 110):
        ramp.answered(1.0, second)
        assert ramp.wait(5, second) is not None
    assert not ramp.is_over(112.9)
    assert ramp.wait(0, 112.0) is None
    assert ramp.is_over(113.0)
    assert ramp.wait(1000, 113.0) is None


def test_a_bound_that_nothing_is_heard_of_for_years_stays_a_number():
    ramp = Ramp(Config(ramp_time=1e-3), 0.1, 0.0)
    for step in range(10_000):
        ramp.wait(10**9, step * 2.5e-4)
    assert ramp.wait(9_999, 2.5) is None


def test_a_fast_upstream_has_a_hundred_calls_in_flight_after_five_round_trips():
    ramp, trips = Ramp(Config(), 0.1, 0.0), 0
    while ramp.wait(99, 0.0) is not None:
        for _ in range(free(ramp, 0.0)):
            ramp.answered(0.1, 0.0)
        trips += 1
    assert trips == 5


def test_the_usual_is_a_mean_at_first_and_follows_slowly_then():
    usual = Usual()
    assert usual.seconds is None
    for seconds in (0.1, 0.0, 0.3):
        usual.add(seconds)
    assert usual.seconds == pytest.approx(0.2)
    for _ in range(1000):
        usual.add(1.0)
    before = usual.seconds
    usual.add(2.0)
    assert before == pytest.approx(1.0, abs=0.01)
    assert usual.seconds == pytest.approx(before + 0.01, abs=0.001)


class Ticket:
    def __init__(self, name, *, safe):
        self.name, self.safe = name, safe

    def is_waiting(self):
        return True


def line_of(letters, most=10):
    """A line of tickets named by letters; lower case is safe."""
    line, tickets = Line(most), [Ticket(letter, safe=letter.islower()) for letter in letters]
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


def test_the_machine_follows_the_outcomes():
    breached = False
    machine = Machine(lambda: breached)
    machine.failure()
    assert machine.state == "closed"
    breached = True
    machine.success()
    assert machine.state == "closed"
    machine.failure()
    assert machine.state == "open"
    machine.half_open()
    assert machine.state == "half_open"
    machine.failure()
    assert machine.state == "open"
    machine.half_open()
    machine.success()
    assert (machine.state, repr(machine)) == ("closed", "Machine(closed)")
