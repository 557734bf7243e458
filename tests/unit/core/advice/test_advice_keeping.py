"""Advice to keep what is read, or to read it ahead: what leads to it, and what does not."""

from dataclasses import replace

import pytest

from sidecar.config import Cache, Match, Route
from tests.support.advised import REST, Seen, passes
from tests.support.builders import config


def test_a_read_that_is_repeated_is_to_be_kept_as_long_as_its_answer_lasts(tmp_path):
    seen = Seen()
    for number in range(400):  # it changes once, and is asked for every 2 s
        seen.call("/rest/v1/plans?active=is.true", wait=1.99, digest=(number + 7) // 200)
    advice = seen.only()
    assert advice.kind == "cache"
    assert advice.evidence["of_them_changed"] <= 2
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route == {
        "name": "plans-reads",
        "match": {"methods": ["GET"], "path": "/rest/v1/plans"},
        "cache": {"ttl": "5s", "tags": "table"},
    }
    assert passes(advice, tmp_path)


@pytest.mark.parametrize(
    "more",
    [
        {"digest": None},  # the answers are not known
        {"digest": 1, "method": "POST"},
    ],
)
def test_other_calls_are_not_to_be_kept(more):
    seen = Seen()
    digest = more.pop("digest")
    for number in range(100):
        seen.call("/rest/v1/plans?a=is.true", digest=digest and number, **more)
    assert seen.advice == []


def test_reads_of_ever_other_rows_are_not_to_be_kept():
    assert Seen().calls(100, "/rest/v1/plans?id=eq.{n}", digest=1).advice == []


def test_what_is_kept_already_is_not_proposed():
    seen = Seen(replace(REST, cache=Cache(ttl=5.0)))
    assert seen.calls(100, "/rest/v1/plans?a=is.true", digest=1).advice == []


def test_a_route_of_the_same_name_is_not_overwritten():
    other = Route(name="plans-reads", match=Match(path="/nowhere"))
    seen = Seen()
    db = seen.config.upstreams["db"]
    seen.config = config(upstreams={"db": replace(db, routes=(REST, other))})
    advice = seen.calls(100, "/rest/v1/plans?a=is.true", digest=1).only()
    assert advice.settings["upstreams"]["db"]["routes"][0]["name"] == "plans-reads-2"


def test_a_call_that_follows_another_is_to_be_made_ahead(tmp_path):
    seen = Seen()
    for number in range(25):
        seen.call(f"/rest/v1/conversations?id=eq.{number}")
        seen.call(f"/rest/v1/messages?conversation_id=eq.{number}", wait=0.005)
    advice = seen.only()
    assert advice.kind == "sequence"
    first, _ = advice.settings["upstreams"]["db"]["routes"]
    assert first["cache"]["prefetch"] == [{"target": "/rest/v1/messages?conversation_id={?id}"}]
    assert passes(advice, tmp_path)


def test_a_call_that_asks_for_something_else_only_happens_to_follow():
    seen = Seen()
    for number in range(25):
        seen.call(f"/rest/v1/conversations?id=eq.{number}")
        seen.call(f"/rest/v1/messages?conversation_id=eq.{number + 500}", wait=0.005)
    assert seen.advice == []
