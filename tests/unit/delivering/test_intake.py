"""What waits already, and must not be overtaken by a call that would be made at once."""

from sidecar.config.queue import Queue
from tests.support.builders import exchange, request
from tests.support.delivering import World, rule_of
from tests.support.virtual_time import virtually

TO = (b"X-To", b"49")
ORDER = "header:x-to"


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
