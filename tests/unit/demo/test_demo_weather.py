"""Episodes and slow periods: when they come, for how long, and that they repeat."""

import pytest

from sidecar.demo.weather import LEVELS, Weather
from sidecar.demo.workload import workload

SPEC = workload()
DEFAULT_SEED = 8
UPS = ("rest", "auth", "wa", "gemini")


def seconds_of_trouble(weather: Weather, up: str, duration: int) -> float:
    return sum(weather.episode(up, at / 10) is not None for at in range(duration * 10)) / 10


@pytest.mark.parametrize("up", UPS)
def test_calm_weather_has_no_episode(up):
    assert seconds_of_trouble(Weather(SPEC, DEFAULT_SEED, LEVELS["calm"]), up, 300) == 0


@pytest.mark.parametrize("up", UPS)
def test_a_storm_has_more_trouble_than_a_normal_day(up):
    normal, storm = (
        seconds_of_trouble(Weather(SPEC, DEFAULT_SEED, LEVELS[level]), up, 600)
        for level in ("normal", "storm")
    )

    assert 0 < normal < storm < 600


@pytest.mark.parametrize("up", UPS)
def test_the_default_seed_troubles_every_provider_within_a_short_demonstration(up):
    assert seconds_of_trouble(Weather(SPEC, DEFAULT_SEED, LEVELS["normal"]), up, 20) > 0.3


def test_a_network_flap_reaches_every_upstream_at_once():
    weather = Weather(SPEC, DEFAULT_SEED, LEVELS["normal"])
    instants = [at / 10 for at in range(600)]
    flaps = [at for at in instants if (now := weather.episode("wa", at)) and now.kind == "netflap"]

    assert flaps
    for at in flaps:
        assert weather.episode("auth", at) is not None


def test_the_same_seed_brings_the_same_weather_and_another_seed_another():
    def picture(seed: int) -> list[object]:
        weather = Weather(SPEC, seed, LEVELS["storm"])
        return [(weather.episode("rest", at), weather.slowness("rest", at)) for at in range(60)]

    assert picture(3) == picture(3)
    assert picture(3) != picture(4)


def test_the_speed_of_a_provider_stays_for_an_epoch_and_varies_around_one():
    weather = Weather(SPEC, 1, LEVELS["calm"])
    epochs = [weather.slowness("rest", epoch * 15) for epoch in range(400)]

    assert weather.slowness("rest", 0) == weather.slowness("rest", 14.9)
    assert len(set(epochs)) == 400
    assert sorted(epochs)[200] == pytest.approx(1.0, abs=0.1)
