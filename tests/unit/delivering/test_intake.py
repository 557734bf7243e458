"""What waits already, and must not be overtaken by a call that would be made at once."""

import asyncio

import pytest

from sidecar.config.queue import Queue
from sidecar.delivering.intake import Intake
from sidecar.errors import Rejected
from tests.support.builders import exchange, request
from tests.support.delivering import World, rule_of
from tests.support.virtual_time import virtually

TO = (b"X-To", b"49")
ORDER = "header:x-to"
KEY = (b"Idempotency-Key", b"k")


async def silent(*_asked):
    """A spool does not answer."""
    await asyncio.Event().wait()


def call():
    return exchange(request("POST", "/x", [TO], b"m"))


def on_failure(route="default"):
    return rule_of(Queue(mode="on_failure", order=ORDER), route)


@virtually
async def test_what_waits_at_another_route_with_the_same_order_is_not_overtaken():
    world = World(order=ORDER)
    await world.accept(b"m", TO)
    assert await world.intake.is_behind(call(), on_failure("other"))


@virtually
async def test_what_is_kept_while_it_is_asked_what_waits_is_not_overtaken():
    world = World(order=ORDER)
    is_waiting = world.spool.is_waiting

    async def slowly(*asked):
        found = await is_waiting(*asked)
        world.spool.is_waiting = is_waiting
        await world.accept(b"m", TO)
        return found

    world.spool.is_waiting = slowly
    assert not await world.intake.is_behind(call(), world.rule)
    assert await world.intake.is_behind(call(), world.rule)


@virtually
async def test_what_a_call_from_before_a_reload_has_queued_is_not_overtaken():
    world = World(order=ORDER)
    renewed = on_failure()
    assert not await world.intake.is_behind(call(), renewed)
    await world.accept(b"m", TO, rule=world.rule)
    assert await world.intake.is_behind(call(), renewed)


@virtually
async def test_reloads_leave_nothing_behind():
    world = World(order=ORDER)
    for _ in range(100):
        await world.intake.is_behind(call(), on_failure())
    assert world.spool.calls == ["is_waiting"]
    assert len(world.intake._clear_until) == 1


def keyed(deadline=float("inf")):
    return exchange(request("POST", "/x", [KEY], b"m"), deadline=deadline)


def elsewhere(world):
    """The intake of another sidecar with the same spool, or of this one after a restart."""
    return Intake(world.spool, world.clock, lambda: None)


@virtually
async def test_a_call_that_another_sidecar_queued_is_known_by_its_key():
    world = World(mode="on_failure")
    await world.accept(b"m", KEY)
    other = elsewhere(world)
    assert await other.is_behind(keyed(), world.rule)
    assert not await other.is_behind(keyed(), on_failure("other"))
    assert not await other.is_behind(call(), world.rule)


@virtually
async def test_it_is_known_also_once_it_is_delivered_and_as_long_as_the_key_is():
    world = World(mode="on_failure")
    name = await world.accept(b"m", KEY)
    await world.run(1.0)
    assert world.state(name)[0] == "delivered"
    assert await elsewhere(world).is_behind(keyed(), world.rule)
    await asyncio.sleep(world.rule.queue.dedup.keep)
    assert not await elsewhere(world).is_behind(keyed(), world.rule)


@virtually
async def test_calls_without_a_key_do_not_ask_for_one():
    world = World(mode="on_failure")
    assert not await world.intake.is_behind(call(), world.rule)
    assert world.spool.calls == []


@virtually
async def test_a_spool_that_says_nothing_of_a_key_holds_up_calls_for_a_second_in_two():
    world = World(mode="on_failure")
    await world.accept(b"m", KEY)
    other = elsewhere(world)
    world.spool.is_known = silent
    began = world.clock.now()
    found = [await other.is_behind(keyed(), world.rule) for _ in range(10)]
    assert (found, world.clock.now() - began) == ([False] * 10, 1.0)
    del world.spool.is_known
    await asyncio.sleep(1.0)
    assert await other.is_behind(keyed(), world.rule)


@virtually
async def test_a_spool_that_is_down_holds_up_no_call_with_a_key():
    world = World(mode="on_failure")
    world.spool.down = True
    began = world.clock.now()
    assert not await world.intake.is_behind(keyed(), world.rule)
    assert not await world.intake.is_behind(keyed(), world.rule)
    assert (world.clock.now(), world.spool.calls) == (began, ["is_known"] * 2)


@virtually
async def test_a_call_that_cannot_wait_does_not_keep_the_others_from_asking():
    world = World(mode="on_failure")
    await world.accept(b"m", KEY)
    other, is_known = elsewhere(world), world.spool.is_known

    async def slowly(*asked):
        await asyncio.sleep(0.1)
        return await is_known(*asked)

    world.spool.is_known = slowly
    assert not await other.is_behind(keyed(deadline=0.01), world.rule)
    assert world.clock.now() == 0.01
    await asyncio.sleep(0.01)
    assert await other.is_behind(keyed(), world.rule)


def late(deadline):
    return exchange(request("POST", "/x", [TO], b"m"), deadline=deadline)


@virtually
async def test_a_call_does_not_wait_beyond_its_deadline_to_hear_what_waits_before_it():
    world = World(mode="on_failure", order=ORDER)
    world.spool.is_waiting = silent
    assert not await world.intake.is_behind(late(3.0), world.rule)
    assert world.clock.now() == 3.0


@virtually
async def test_a_call_does_not_wait_beyond_its_deadline_to_be_kept():
    world = World()
    world.spool.add = silent
    with pytest.raises(Rejected) as caught:
        await world.intake.accept(late(3.0), world.rule, b"m", world.stats, asked=False)
    assert (caught.value.code, world.clock.now()) == ("spool_unavailable", 3.0)
    assert world.stats.refused == {"spool_unavailable": 1}


@virtually
async def test_a_call_that_could_not_be_sent_until_its_deadline_is_kept_all_the_same():
    world = World(mode="on_failure")
    add = world.spool.add

    async def slowly(delivery):
        await asyncio.sleep(0.9)
        return await add(delivery)

    world.spool.add = slowly
    await asyncio.sleep(3.0)
    answer = await world.intake.accept(late(3.0), world.rule, b"m", world.stats, asked=False)
    assert answer.status == 202
    world.spool.add = silent
    with pytest.raises(Rejected):
        await world.intake.accept(late(3.0), world.rule, b"m", world.stats, asked=False)
    assert world.clock.now() == pytest.approx(3.0 + 0.9 + 1.0)
