"""How long a breaker stays open."""

import pytest

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker.cooldown import Cooldown


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
