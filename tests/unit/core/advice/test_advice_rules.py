"""Rules of timeouts, paces, repetition, pools, hedging: what leads to advice, and what does not."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.config import Breaker, Hedge, Pace, Retry, Timeouts
from sidecar.core.advice import advise
from tests.support.advised import REST, Seen, passes, slow
from tests.support.builders import config


def test_nothing_is_proposed_for_what_is_as_it_should_be():
    seen = Seen()
    seen.calls(300, "/rest/v1/plans?id=eq.{n}", digest=None)
    assert seen.advice == []


@pytest.mark.parametrize(
    ("configured", "took", "proposed"),
    [
        (30.0, 0.05, "1s"),  # a call that hangs is noticed late
        (30.0, 1.5, "5s"),
        (2.0, 1.9, "8s"),  # nearly all of it is used
        (5.0, 1.5, None),
        (1.5, 0.3, None),
    ],
)
def test_a_timeout_is_to_be_three_times_what_nearly_all_answers_take(
    configured, took, proposed, tmp_path
):
    timeouts = Timeouts(first_byte=configured, total=60.0)
    seen = Seen(replace(REST, timeouts=timeouts))
    seen.calls(250, "/rest/v1/rpc/sums", method="POST", took=took)
    if proposed is None:
        assert seen.advice == []
        return
    advice = seen.only()
    assert advice.kind == "timeout"
    assert advice.evidence["p99_seconds"] == pytest.approx(took, rel=0.05)
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route["timeouts"]["first_byte"] == proposed
    assert passes(advice, tmp_path)


def test_few_calls_say_nothing_of_a_timeout():
    seen = Seen(replace(REST, timeouts=Timeouts(first_byte=60.0)))
    assert seen.calls(199, "/rest/v1/rpc/sums", method="POST").advice == []


def limited(seen, seconds=6, allowed=20):
    for _ in range(seconds):
        began = int(seen.now) + 1.0
        for number in range(30):
            seen.now = began
            status = 200 if number < allowed else 429
            seen.call("/rest/v1/rpc/send", method="POST", wait=0.01 * number, status=status)
    return seen


def test_calls_are_to_be_paced_just_below_where_refusals_began(tmp_path):
    advice = limited(Seen()).only()
    assert advice.kind == "pace"
    assert (advice.evidence["let_through"], advice.evidence["refused"]) == (20, 60)
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route["pace"] == [{"rate": "18/s", "burst": 10}]
    assert passes(advice, tmp_path)


def test_a_limit_by_the_minute_is_seen_over_a_minute():
    seen = Seen()
    for _ in range(6):
        began = int(seen.now) + 60.0
        for number in range(20):
            seen.now = began + number
            status = 200 if number < 10 else 429
            seen.call("/rest/v1/rpc/send", method="POST", wait=0.0, took=0.0, status=status)
    advice = seen.only()
    assert advice.evidence["let_through"] == pytest.approx(10, abs=1)
    assert advice.evidence["in_seconds"] == 60
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route["pace"] == [{"rate": "9/m", "burst": 9}]


def test_refusals_at_any_rate_have_nothing_to_do_with_it():
    seen = Seen()
    for _ in range(3):
        for allowed in (1, 100, 5, 300, 2):
            limited(seen, seconds=1, allowed=min(allowed, 25))
            seen.now += 90.0
            seen.calls(allowed, "/rest/v1/rpc/send", method="POST", wait=0.001, took=0.0)
            seen.call("/rest/v1/rpc/send", method="POST", wait=0.0, took=0.0, status=429)
    assert seen.advice == []


def test_who_is_paced_below_that_already_needs_no_advice():
    assert limited(Seen(replace(REST, pace=(Pace(rate=10.0),)))).advice == []


@pytest.mark.parametrize("paces", [(), (Pace(rate=50.0),), (Pace(rate=50.0, key="$.to"),)])
def test_a_pace_that_takes_the_place_of_others_says_so(paces):
    advice = limited(Seen(replace(REST, pace=paces))).only()
    assert ("takes the place of" in advice.check) is bool(paces)


def test_repetitions_that_hardly_ever_help_are_to_be_fewer(tmp_path):
    seen = Seen(replace(REST, retry=Retry(attempts=4)))
    seen.calls(25, "/rest/v1/rpc/x", method="POST", attempts=4, status=503)
    seen.calls(3, "/rest/v1/rpc/x", method="POST", attempts=2)
    advice = seen.only()
    assert advice.kind == "retry"
    assert advice.evidence["wasted_attempts"] == 75
    assert passes(advice, tmp_path)


def test_repetitions_that_help_are_left_alone():
    seen = Seen(replace(REST, retry=Retry(attempts=4)))
    seen.calls(25, "/rest/v1/rpc/x", method="POST", attempts=2)
    assert seen.advice == []


def test_a_pool_whose_connections_are_all_busy_is_to_be_larger(tmp_path):
    seen = Seen().calls(100, "/rest/v1/rpc/x", method="POST", pool_wait=0.2)
    advice = seen.only()
    assert (advice.kind, advice.route) == ("pool", "")
    assert advice.settings == {"upstreams": {"db": {"pool": {"max_connections": 200}}}}
    assert passes(advice, tmp_path)


def test_reads_with_a_long_tail_may_be_hedged(tmp_path):
    seen = Seen()
    for number in range(300):
        seen.call(f"/rest/v1/things?id=eq.{number}", took=0.3 if number % 15 == 0 else 0.02)
    advice = seen.only()
    assert (advice.kind, advice.confidence) == ("hedge", "low")
    assert passes(advice, tmp_path)
    db = seen.config.upstreams["db"]
    hedged = replace(db.routes[0], hedge=Hedge(enabled=True))
    seen.config = config(upstreams={"db": replace(db, routes=(hedged,))})
    assert seen.advice == []


def test_a_breaker_that_opens_again_and_again_needs_more_probes(tmp_path):
    seen = Seen(breaker=Breaker())
    seen.call("/rest/v1/rpc/x", method="POST")
    (advice,) = advise(seen.learnt, seen.config, {("db", "db"): 9})
    assert advice.kind == "breaker"
    assert passes(advice, tmp_path)
    assert advise(seen.learnt, seen.config, {("db", "db"): 4}) == []


def test_the_surest_and_most_worthwhile_comes_first():
    seen = slow(Seen()).calls(25, "/rest/v1/things?a=eq.{n}", took=0.2)
    seen.calls(60, "/rest/v1/others?a=eq.{n}", took=0.2)
    limited(seen)
    assert [each.kind for each in seen.advice] == ["index", "index", "pace"]
    assert "others" in seen.advice[0].title


def test_routes_that_are_gone_get_no_advice():
    seen = limited(Seen())
    db = seen.config.upstreams["db"]
    seen.config = config(upstreams={"db": replace(db, routes=())})
    assert seen.advice == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(
            [
                "/rest/v1/a?b_id=eq.{n}&order=c.desc&offset=2000",
                "/rest/v1/a?b=eq.1",
                "/rest/v1/bs?id=eq.{n}",
                "/rest/v1/é?x=gt.{n}",
                "/storage/v1/object/{n}/x",
                "/" + "x/" * 20,
            ]
        ),
        st.integers(1, 60),
        st.sampled_from([0.001, 0.03, 0.2]),
        st.sampled_from([0.0, 0.01, 1.0]),
        st.sampled_from([200, 404, 429, 503]),
        st.integers(1, 3),
    ),
    max_size=12,
)


@given(steps)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_was_seen_proposals_are_settings_that_can_be_used(tmp_path_factory, taken):
    seen = Seen(replace(REST, timeouts=Timeouts()))
    for method, target, count, took, wait, status, attempts in taken:
        more = {"method": method, "took": took, "wait": wait, "status": status}
        seen.calls(count, target, digest=1, attempts=attempts, pool_wait=wait, **more)
    for advice in seen.advice:
        assert advice.sql or advice.text or advice.settings
        if advice.settings:
            assert passes(advice, tmp_path_factory.mktemp("proposal"))
