"""What is stale is given while it is fetched anew, or where the upstream fails; never longer."""

import asyncio
from dataclasses import replace

import pytest

from sidecar.config.cache import Cache
from sidecar.errors import BadRequest, DeadlineExceeded, UpstreamReset
from sidecar.judgement import Judgement
from tests.support.builders import response
from tests.support.cached import LENIENT, RESET, TTL, World, ok


async def test_what_is_stale_is_served_at_once_and_fetched_anew():
    world = World(ok(b"one"), ok(b"two"), config=LENIENT)
    await world.get()
    world.clock.advance(70)
    stale = await world.get()
    assert (stale.body, stale.note) == (
        b"one",
        "sidecar; hit; ttl=-10; detail=stale-while-revalidate",
    )
    await world.settle()
    assert (await world.get()).body == b"two"
    assert len(world.calls) == 2
    assert world.calls[-1].background
    assert not world.calls[-1].patient
    assert world.stats.refreshed == {"stale": 1}


async def test_who_wants_only_what_is_stored_does_not_keep_it_from_being_fetched_anew():
    world = World(ok(b"one"), config=LENIENT)
    await world.get()
    world.clock.advance(70)
    only, other = (b"cache-control", b"max-stale, only-if-cached"), (b"A", b"1")
    assert (await world.get(only, other)).body == b"one"
    await world.settle()
    assert world.calls[-1].request.headers == [other]


async def test_many_who_meet_a_stale_answer_cause_one_refresh():
    world = World(ok(b"one"), ok(b"two"), config=LENIENT)
    await world.get()
    world.clock.advance(70)
    got = await asyncio.gather(*[world.get() for _ in range(10)])
    await world.settle()
    assert {each.body for each in got} == {b"one"}
    assert len(world.calls) == 2


async def test_a_refresh_that_fails_harms_nobody():
    world = World(ok(b"one"), RESET, config=LENIENT)
    await world.get()
    world.clock.advance(70)
    for _ in range(3):
        assert (await world.get()).body == b"one"
        await world.settle()
    assert world.warmer._running == 0


@pytest.mark.parametrize(
    "failure",
    [
        RESET,
        response(503, b"down"),
        response(429, b"slow"),
        DeadlineExceeded("late", code="total_timeout"),
    ],
)
async def test_what_is_stale_stands_in_for_a_failure_and_nobody_waits_for_the_breaker(failure):
    world = World(ok(b"one"), failure, config=LENIENT)
    await world.get()
    assert world.calls[-1].patient
    world.clock.advance(100)
    got = await world.get()
    assert (got.status, got.body, got.source) == (200, b"one", "cache")
    assert got.headers["x-sidecar-degraded"] == "stale"
    assert got.note == "sidecar; hit; ttl=-40; detail=stale-if-error"
    assert not world.calls[-1].patient
    assert world.stats.requests["stale_if_error"] == 1


async def test_what_was_judged_a_failure_is_one_whatever_its_status():
    def broken(_):
        answer = response(200, b"error inside")
        answer.judgement = Judgement("failure", "refused", "graph_2")
        return answer

    world = World(ok(b"one"), broken, config=LENIENT)
    await world.get()
    world.clock.advance(100)
    assert (await world.get()).body == b"one"


async def test_without_leave_to_be_stale_the_failure_goes_back():
    world = World(ok(b"one"), RESET, response(500, b"down"), config=TTL)
    await world.get()
    world.clock.advance(100)
    with pytest.raises(UpstreamReset):
        await world.get()
    assert (await world.get()).status == 500


async def test_a_fault_of_the_request_is_never_covered_up():
    refused = BadRequest("no", code="bad_request")
    world = World(ok(b"one"), refused, config=LENIENT)
    await world.get()
    world.clock.advance(100)
    with pytest.raises(BadRequest):
        await world.get()


async def test_one_that_is_soft_purged_is_stale_and_may_stand_in():
    world = World(ok(b"one"), RESET, config=LENIENT)
    await world.get()
    world.entries.ban("api", "/thing", world.clock.wall(), soft=True)
    got = await world.get()
    assert got.note.startswith("sidecar; hit; ttl=0; detail=stale-while-revalidate")
    strict = World(ok(b"one"), ok(b"two"), config=TTL)
    await strict.get()
    strict.entries.ban("api", "/thing", strict.clock.wall(), soft=True)
    assert (await strict.get()).body == b"two"


WRITTEN = Cache(ttl=60.0, stale_while_revalidate=30.0, stale_if_error=600.0, written_if_error=True)


@pytest.mark.parametrize("config", [LENIENT, WRITTEN])
async def test_what_a_write_dropped_is_shown_only_where_the_upstream_fails_and_that_is_allowed(
    config,
):
    world = World(ok(b"one"), RESET, ok(b"two"), RESET, config=config)
    await world.get()
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall(), written=True)
    if config is LENIENT:
        with pytest.raises(UpstreamReset):
            await world.get()
    else:
        got = await world.get()
        assert (got.body, got.headers["x-sidecar-degraded"]) == (b"one", "stale")
        assert not world.calls[-1].patient
    assert (await world.get()).body == b"two"


async def test_what_a_write_dropped_is_not_for_those_who_accept_what_is_stale():
    """By `max-stale` they accept what is old, and not what is known to be wrong (RFC 9111 §4.4)."""
    standard = replace(WRITTEN, mode="rfc9111", ttl=0.0)
    fresh = ok(b"one", (b"Cache-Control", b"max-age=60"))
    world = World(fresh, ok(b"two"), config=standard)
    await world.get()
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall(), written=True)
    assert (await world.get((b"Cache-Control", b"max-stale"))).body == b"two"


async def test_what_was_dropped_in_another_way_is_shown_to_nobody():
    world = World(ok(b"one"), RESET, config=WRITTEN)
    await world.get()
    tags = world.tags(world.calls[0].request)
    world.entries.bump(tags, world.clock.wall(), written=True)
    world.entries.bump(tags, world.clock.wall())
    with pytest.raises(UpstreamReset):
        await world.get()
