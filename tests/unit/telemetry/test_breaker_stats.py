import logging

import pytest
from prometheus_client import CollectorRegistry

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker import Breakers, BreakerSet, Failure, Transition
from sidecar.telemetry.breaker_stats import BreakerCollector, BreakerStats, worded


class World:
    """The breakers of one upstream and what is exported of them."""

    def __init__(self, key="upstream"):
        self.stats = BreakerStats("api")
        self.set = BreakerSet(
            "api", Config(key=key), lambda: 0.0, now=0.0, notify=self.stats.transitioned
        )
        self.registry = CollectorRegistry()
        self.now = 0.0
        breakers = Breakers({"api": self.set})
        self.registry.register(
            BreakerCollector(lambda: {"api": self.stats}, lambda: breakers, lambda: self.now)
        )

    def value(self, name, **labels):
        return self.registry.get_sample_value(name, {"upstream": "api", **labels})

    def states(self, breaker):
        return [
            self.value("sidecar_breaker_state", breaker=breaker, state=state)
            for state in ("closed", "open", "half_open")
        ]

    def open(self, key="api"):
        for _ in range(5):
            self.set.at(key, 0.0).admit(0.0, safe=True).settle("failure", 0.0, reason="http_503")


def test_a_breaker_is_seen_from_the_start_and_in_every_state():
    world = World()
    assert world.states("api") == [1, 0, 0]
    world.open()
    assert world.states("api") == [0, 1, 0]
    world.set.at("api", 1.0).admit(1.0, safe=True)
    assert world.states("api") == [0, 0, 1]


def test_what_is_forced_is_seen_as_what_it_does():
    world = World()
    breaker = world.set.at("api", 0.0)
    forced = []
    for to in ("open", "closed", "observe"):
        breaker.force(to, 60.0, "", 0.0)
        forced.append((world.states("api"), world.value("sidecar_breaker_forced", breaker="api")))
    assert forced == [([0, 1, 0], 1), ([1, 0, 0], 1), ([1, 0, 0], 1)]
    world.now = 60.0
    assert world.value("sidecar_breaker_forced", breaker="api") == 0
    assert breaker.snapshot(59.9)["forced"] is not None  # a scrape has changed nothing


def test_changes_refusals_and_waiting_are_counted():
    world = World()
    world.open()
    world.stats.refuse("at_once")
    world.stats.refuse("at_once")
    world.stats.unenforced = 7
    world.stats.held, world.stats.held_seconds, world.stats.held_now = 3, 1.5, 2
    change = {"breaker": "api", "from": "closed", "to": "open"}
    assert world.value("sidecar_breaker_transitions_total", **change) == 1
    assert world.value("sidecar_breaker_refused_total", reason="at_once") == 2
    assert world.value("sidecar_breaker_unenforced_total") == 7
    assert world.value("sidecar_breaker_hold_seconds_count") == 3
    assert world.value("sidecar_breaker_hold_seconds_sum") == 1.5
    assert world.value("sidecar_breaker_held_exchanges") == 2


def test_only_so_many_breakers_have_a_name_of_their_own():
    world = World(key="$.to")
    for number in range(70):
        world.open(f"k{number}")
    assert world.states("k63") == [0, 1, 0]
    assert world.states("k64") == [None, None, None]
    assert world.states("other") == [0, 6, 0]
    change = {"breaker": "other", "from": "closed", "to": "open"}
    assert world.value("sidecar_breaker_transitions_total", **change) == 6


def logged(caplog, transition):
    with caplog.at_level(logging.DEBUG, logger="sidecar"):
        BreakerStats("api").transitioned("api+model", transition)
    (line,) = caplog.records
    return line.levelname, line.msg, line.fields


def test_an_opening_says_what_led_to_it(caplog):
    failures = tuple(Failure(reason, 0.0) for reason in ("timeout", "http_503", "http_503"))
    transition = Transition("closed", "open", "consecutive", 0.0, failures)
    assert logged(caplog, transition) == (
        "WARNING",
        "breaker_opened",
        {
            "upstream": "api",
            "breaker": "api+model",
            "reason": "consecutive",
            "failures": "http_503 x2, timeout x1",
        },
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("open", "half_open", ("DEBUG", "breaker_half_open")),
        ("half_open", "open", ("DEBUG", "breaker_opened")),
        ("half_open", "closed", ("INFO", "breaker_closed")),
        ("closed", "forced_open", ("WARNING", "breaker_forced")),
        ("open", "forced_closed", ("INFO", "breaker_forced")),
        ("closed", "observed", ("INFO", "breaker_forced")),
        ("forced_open", "closed", ("INFO", "breaker_closed")),
        ("forced_closed", "open", ("WARNING", "breaker_opened")),
    ],
)
def test_an_outage_is_two_lines_and_its_probes_are_details(caplog, before, after, expected):
    assert logged(caplog, Transition(before, after, "probe", 0.0))[:2] == expected


def test_no_failures_are_no_words():
    assert worded(()) == ""
