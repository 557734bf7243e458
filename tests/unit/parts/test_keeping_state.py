"""Which state lives on with which change of an upstream, and which is made anew."""

from dataclasses import replace

import pytest

from sidecar.assembly import Assembly
from sidecar.config import (
    Breaker,
    Credentials,
    Hedge,
    Ledger,
    Limit,
    Pace,
    Pool,
    Retry,
    RetryBudget,
    Route,
    Timeouts,
    Upstream,
)
from sidecar.config.secret import Secret
from sidecar.telemetry.metrics import Metrics
from tests.support.builders import config
from tests.support.clock import FakeClock

API = Upstream(
    "http://api.test",
    pace=(Pace(80.0), Pace(10.0, name="slow")),
    hedge=Hedge(enabled=True),
    credentials=Credentials(header="x-key", values=(Secret("a"), Secret("b"))),
)
CLOCK = FakeClock()


def states(parts):
    """What is shared by the routes of the upstream."""
    shared = parts.resilience["api"]
    return {
        "pool": parts.transports["api"],
        "budget": shared.budget,
        "breakers": shared.breakers,
        "limit": shared.limiter,
        **{title: lanes for lanes in shared.lanes.values() for title in [lanes.config.title]},
        "ledger": parts.keeping._ledgers["api"].ledger,
        "keys": parts.keys["api"].ring,
        "entries": parts.caching.entries,
    }


def changed(after, metrics=None):
    """The names of what is not the same object any more when `after` takes the place of API."""
    metrics = metrics or Metrics("0")
    before = Assembly(config(upstreams={"api": API}), CLOCK, metrics)
    before.take_over()
    now = Assembly(config(upstreams={"api": after}), CLOCK, metrics, before)
    old = states(before)
    now.take_over(before)
    new = states(now)
    return {name for name in {*old, *new} if old.get(name) is not new.get(name)}


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({}, set()),
        ({"timeouts": Timeouts(total=1.0)}, set()),
        ({"routes": (Route(name="r"),)}, set()),
        ({"pool": Pool(max_connections=3)}, {"pool"}),
        ({"retry": Retry(attempts=2)}, set()),
        ({"retry": Retry(budget=RetryBudget(burst=3))}, {"budget"}),
        ({"breaker": Breaker(open=9.0)}, {"breakers"}),
        ({"limit": Limit(inflight=3)}, {"limit"}),
        ({"pace": (Pace(80.0), Pace(20.0, name="slow"))}, {"slow"}),
        ({"pace": (Pace(80.0),)}, {"slow"}),
        ({"ledger": Ledger(keep=1.0)}, set()),
        ({"credentials": replace(API.credentials, max_wait=1.0)}, set()),
        ({"credentials": replace(API.credentials, values=(Secret("a"),))}, {"keys"}),
        ({"url": "http://other.test"}, {"pool", "breakers", "limit"}),
    ],
)
def test_only_what_is_made_of_a_changed_setting_is_made_anew(change, anew):
    assert changed(replace(API, **change)) == anew


def test_the_earlier_ones_are_handed_over_to_be_retired():
    before = Assembly(config(upstreams={"api": API}), CLOCK, Metrics("0"))
    before.take_over()
    other = replace(API, pool=Pool(max_connections=3))
    now = Assembly(config(upstreams={"api": other}), CLOCK, Metrics("0"), before)
    assert before.transports["api"] in now.take_over(before)


def test_an_assembly_that_is_given_up_changes_nothing():
    before = Assembly(config(upstreams={"api": API}), CLOCK, Metrics("0"))
    before.take_over()
    shared = before.resilience["api"]
    limiter, places = shared.limit_stats.limiter, before.tunnelling._places["api"].most
    other = replace(
        API,
        limit=Limit(inflight=1),
        websocket=replace(API.websocket, max_open=1),
        ledger=Ledger(keep=1.0),
    )
    Assembly(config(upstreams={"api": other}), CLOCK, Metrics("0"), before)
    assert shared.limit_stats.limiter is limiter
    assert before.tunnelling._places["api"].most == places
    assert before.keeping._ledgers["api"].ledger._keep == API.ledger.keep
