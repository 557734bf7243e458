"""Calls that are cut off, and a spool that is away: nothing is sent twice, or unwritten."""

import asyncio

import pytest

from sidecar.errors import Draining
from tests.support.builders import response
from tests.support.delivering import World, slow
from tests.support.virtual_time import virtually


@virtually
async def test_a_drain_begins_nothing_and_lets_what_is_under_way_finish():
    world = World(at_once=1)
    world.acts = [slow(world, 2.0)]
    ids = [await world.accept(), await world.accept()]
    world.worker.start()
    await asyncio.sleep(1.0)
    world.worker.drain()
    await asyncio.sleep(5.0)
    assert not world.worker.busy
    await world.worker.close()
    assert [world.state(each) for each in ids] == [("delivered", "ok"), ("queued", "")]


@virtually
async def test_what_is_cut_off_after_it_was_sent_is_in_doubt():
    world = World()
    world.acts = [slow(world, 100.0)]
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery) == ("unknown", "draining")


@virtually
async def test_what_is_cut_off_before_it_was_sent_goes_back():
    world = World()

    async def waits(_subject):
        await asyncio.Event().wait()

    world.acts = [waits]
    delivery = await world.accept()
    await world.run(1.0)
    assert (world.state(delivery), world.spool[delivery].claimed) == (("queued", ""), False)
    assert world.spool[delivery].attempts == 0


@pytest.mark.parametrize("sent", [True, False])
def test_a_call_that_is_given_up_is_put_back_unless_it_was_sent(sent):
    @virtually
    async def run():
        world = World()

        async def act(subject):
            if sent:
                await world.pass_fence(subject)
            await asyncio.sleep(1.0)
            raise Draining("bye", sent=sent)

        world.acts = [act]
        delivery = await world.accept()
        world.worker.start()
        await asyncio.sleep(0.5)
        world.worker.drain()
        await asyncio.sleep(1.0)
        assert world.state(delivery)[0] == ("unknown" if sent else "queued")
        assert not world.spool[delivery].claimed or sent
        await world.worker.close()

    run()


@virtually
async def test_nothing_is_sent_that_could_not_be_written_down_before():
    world = World()

    async def act(subject):
        world.spool.down = True
        try:
            await world.pass_fence(subject)
        finally:
            world.spool.down = False

    world.acts = [act, 200]
    delivery = await world.accept()
    await world.run(30.0)
    assert len(world.sent) == 1
    assert world.sent[0][0] >= 1.0
    assert world.state(delivery) == ("delivered", "http_200")


@virtually
async def test_a_delivery_that_was_discarded_meanwhile_is_not_sent():
    world = World()

    async def act(subject):
        world.spool[delivery].claimed = False
        world.spool.reference.discard([delivery], 0.0)
        await world.pass_fence(subject)

    world.acts = [act]
    delivery = await world.accept()
    await world.run(5.0)
    assert (world.sent, world.state(delivery)[0]) == ([], "discarded")


@virtually
async def test_an_outcome_is_written_down_however_long_the_spool_is_away():
    world = World()

    async def act(subject):
        await world.pass_fence(subject)
        world.spool.down = True
        return response(200)

    world.acts = [act]
    delivery = await world.accept()
    world.worker.start()
    await asyncio.sleep(60.0)
    assert world.state(delivery)[0] == "sending"
    world.spool.down = False
    await asyncio.sleep(6.0)
    assert world.state(delivery)[0] == "delivered"
    assert len(world.told) == 1
    await world.worker.close()


@virtually
async def test_a_spool_that_comes_back_is_gone_on_with():
    world = World(200)
    await world.accept()
    world.spool.down = True
    world.worker.start()
    await asyncio.sleep(30.0)
    world.spool.down = False
    await asyncio.sleep(2.0)
    assert len(world.sent) == 1
    await world.worker.close()


@virtually
async def test_who_is_told_that_another_has_it_says_nothing_more_of_it():
    world = World()

    async def act(subject):
        await world.spool.fence([delivery], world.clock.wall())  # another one, who has it by now
        await world.pass_fence(subject)

    world.acts = [act]
    delivery = await world.accept()
    await world.run(5.0)
    assert (world.sent, world.state(delivery)) == ([], ("sending", ""))
    assert world.stats.attempts == {"not_let_out": 1}
