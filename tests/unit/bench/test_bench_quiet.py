"""What others disturb is measured again, a bounded number of times."""

from collections.abc import Iterator

import pytest

from bench import quiet
from bench.quiet import Quiet


class Machine:
    """Others use such shares of it while something is measured; none while one waits."""

    def __init__(self, shares):
        self.shares: Iterator[float] = iter(shares)
        self.measuring = False

    def __call__(self, _):
        return self

    def share(self):
        if not self.measuring:
            return 0.0
        self.measuring = False
        return next(self.shares)

    def seconds(self):
        return 1.0

    def measure(self, results):
        def one():
            self.measuring = True
            return next(results)

        return one


@pytest.fixture
def measured(monkeypatch):
    """The result under such shares, and the watcher."""
    monkeypatch.setattr(quiet, "_PAUSE", 0.0)

    def run(shares, patience=100.0):
        machine = Machine(shares)
        monkeypatch.setattr(quiet, "Noise", machine)
        watcher = Quiet([], patience)
        return watcher.measure(machine.measure(iter("abcdefgh"))), watcher

    return run


def test_a_quiet_measurement_counts_at_once(measured):
    result, watcher = measured([0.05])
    assert (result, watcher.noise, watcher.repeated) == ("a", [0.05], 0)


def test_a_disturbed_one_is_repeated_until_it_is_quiet(measured):
    result, watcher = measured([0.5, 0.3, 0.01])
    assert (result, watcher.noise, watcher.repeated) == ("c", [0.01], 2)


def test_the_quietest_of_four_counts_where_it_never_gets_quiet(measured):
    result, watcher = measured([0.9, 0.3, 0.4, 0.8, 0.0])
    assert (result, watcher.noise, watcher.repeated) == ("b", [0.3], 3)


def test_without_patience_the_first_counts(measured):
    result, watcher = measured([0.9], patience=0.0)
    assert (result, watcher.noise, watcher.repeated) == ("a", [0.9], 0)
