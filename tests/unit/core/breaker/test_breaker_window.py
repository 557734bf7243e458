"""The window of outcomes, and when what is in it opens a breaker."""

import pytest

from sidecar.config.breaker import Breaker as Config
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
