"""The model of lines and providers: distributions with fixed seeds, determinism, faults."""

from collections import Counter
from random import Random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.demo.network import Fate, Network
from sidecar.demo.weather import LEVELS, Weather
from sidecar.demo.workload import workload

SPEC = workload()
CALM = Network(SPEC, Weather(SPEC, 1, LEVELS["calm"]))
STORM = Network(SPEC, Weather(SPEC, 1, LEVELS["storm"]))


def fates(network: Network, name: str, count: int = 4000, *, fresh: bool) -> list[Fate]:
    resource = SPEC.resources[name]
    return [network.draw(resource, Random(f"t:{n}"), n * 0.05, fresh=fresh) for n in range(count)]


@pytest.mark.parametrize(
    ("name", "expected_ms"),
    [("rest.user", 50), ("rest.convs", 268), ("wa.send", 502), ("gemini.generate", 1330)],
)
def test_median_on_an_open_connection_is_one_trip_and_the_server_time(name, expected_ms):
    measured = median(fate.delay for fate in fates(CALM, name, fresh=False)) * 1000

    assert measured == pytest.approx(expected_ms, rel=0.15)


def test_a_new_connection_costs_look_up_and_two_handshakes():
    fresh, reused = (
        median(fate.delay for fate in fates(CALM, "rest.user", fresh=fresh)) * 1000
        for fresh in (True, False)
    )

    assert fresh - reused == pytest.approx(70, abs=8)


def test_faults_without_episodes_are_as_frequent_as_the_workload_says():
    counted = Counter(fate.fault for fate in fates(CALM, "rest.user", 20_000, fresh=True))

    assert counted["refused"] / 20_000 == pytest.approx(0.0175, rel=0.25)
    assert counted["reset"] / 20_000 == pytest.approx(0.006, rel=0.35)
    assert 0 < counted["hang"] < 40
    assert counted["429"] == 0


def test_only_new_connections_are_refused():
    assert not [fate for fate in fates(STORM, "wa.send", fresh=False) if fate.fault == "refused"]
    assert [fate for fate in fates(STORM, "wa.send", fresh=True) if fate.fault == "refused"]


def test_a_storm_brings_every_kind_of_fault():
    counted = Counter(fate.fault for fate in fates(STORM, "gemini.generate", fresh=True))

    assert {"refused", "reset", "hang", "500", "503", "429"} <= set(counted)


def test_a_request_over_the_rate_limit_is_refused_early_and_not_acted_on():
    resource = SPEC.resources["gemini.generate"]

    fate = CALM.draw(resource, Random("lucky"), 0.0, fresh=False, over_rate=True)

    assert (fate.fault, fate.processed) == ("429", False)
    assert fate.delay < 0.1


def test_a_write_that_ended_badly_was_sometimes_acted_on_and_sometimes_not():
    ambiguous = [fate for fate in fates(STORM, "wa.send", fresh=False) if fate.fault == "hang"]

    assert {fate.processed for fate in ambiguous} == {True, False}


@given(number=st.integers(0, 10**9), elapsed=st.floats(0, 10**6), fresh=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_same_luck_at_the_same_time_is_the_same_fate(number, elapsed, fresh):
    resource = SPEC.resources["rest.msgs"]

    first, second = (STORM.draw(resource, Random(number), elapsed, fresh=fresh) for _ in range(2))

    assert first == second
    assert 0 < first.delay < 3600


@given(number=st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_an_open_connection_only_saves_the_set_up_and_the_refusal(number):
    resource = SPEC.resources["rest.msgs"]

    fresh, reused = (
        CALM.draw(resource, Random(number), 1.0, fresh=fresh) for fresh in (True, False)
    )

    assert fresh.fault in {reused.fault, "refused"}
    assert fresh.fault == "refused" or fresh.delay > reused.delay


@given(number=st.integers(0, 10**9), scale=st.floats(0.01, 10))
@settings(max_examples=60, deadline=None)
def test_the_time_scale_stretches_delays_and_episodes_alike(number, scale):
    resource = SPEC.resources["rest.msgs"]
    weather = Weather(SPEC, 1, LEVELS["storm"])
    stretched = Network(SPEC, weather, scale)

    usual = STORM.draw(resource, Random(number), 7.0, fresh=True)
    other = stretched.draw(resource, Random(number), 7.0 * scale, fresh=True)

    assert other.delay == pytest.approx(usual.delay * scale)
    assert other.fault == usual.fault
