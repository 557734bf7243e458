"""What the transport remembers of its attempts."""

import asyncio

import pytest

from sidecar.errors import DeadlineExceeded, ExchangeError, UpstreamReset
from sidecar.exchange import Timeline
from sidecar.trail import MOST
from tests.support.attempts import OK


def trail(world):
    return world.exchange.timeline.trail


async def test_an_attempt_lasts_until_its_response_is_closed(make):
    world = make(OK)
    answer = await world.call()
    (tried,) = trail(world)
    assert (tried.number, tried.began, tried.ended, tried.status) == (1, 100.0, 0.0, 200)
    world.clock.advance(2.0)
    answer.close()
    assert (tried.ended, tried.error) == (102.0, None)


async def test_it_says_whether_its_connection_was_used_before_and_what_a_new_one_took(make):
    world = make(OK, OK)
    dial = world.dial

    async def slowly(*what):
        world.clock.advance(0.25)
        return await dial(*what)

    world.dial = slowly
    await world.ask()
    assert [(each.reused, each.dial) for each in trail(world)] == [(False, 0.25)]
    await world.ask()
    assert [(each.reused, each.dial) for each in trail(world)] == [(True, 0.0)]


async def test_a_dead_connection_and_its_replacement_have_the_same_number(make):
    world = make(OK, b"", OK)
    await world.ask()
    await world.ask()
    first, second = trail(world)
    assert (first.number, first.error, first.status) == (1, "stale_connection", 0)
    assert (second.number, second.error, second.status) == (1, None, 200)


async def test_an_attempt_that_fails_has_its_code(make):
    world = make(b"")
    with pytest.raises(UpstreamReset):
        await world.call()
    (tried,) = trail(world)
    assert (tried.status, tried.error, tried.ended) == (0, "upstream_reset", 100.0)


async def test_a_connection_that_fails_ends_its_attempt(make):
    world = make()

    async def fail(*_):
        world.clock.advance(3.0)
        raise ExchangeError("no", code="connect_error")

    world.dial = fail
    with pytest.raises(ExchangeError):
        await world.call()
    (tried,) = trail(world)
    assert (tried.error, tried.ended, tried.dial) == ("connect_error", 103.0, 3.0)


async def test_what_nobody_waits_for_any_more_is_cancelled(make):
    world = make(b"HTTP/1.1 200 OK\r\n")
    calling = asyncio.ensure_future(world.call())
    for _ in range(5):
        await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert [each.error for each in trail(world)] == ["cancelled"]


async def test_a_body_that_broke_is_told_at_its_attempt(make):
    world = make(OK[:-1])
    answer = await world.call()
    answer.close(UpstreamReset("gone", code="truncated_body"))
    (tried,) = trail(world)
    assert (tried.status, tried.error) == (200, "truncated_body")


async def test_what_was_not_begun_is_in_no_trail(make):
    world = make()
    with pytest.raises(DeadlineExceeded):
        await world.call(deadline=99.0)
    assert trail(world) == []


def test_a_trail_is_bounded_and_what_is_beyond_it_can_be_written_all_the_same():
    timeline = Timeline(0.0)
    for number in range(MOST + 5):
        timeline.begin(number, 1.0).end(2.0)
    assert [each.number for each in timeline.trail] == list(range(MOST))
