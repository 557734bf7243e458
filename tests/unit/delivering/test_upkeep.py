import pytest

from sidecar.spool import SpoolDamaged, SpoolUnavailable
from tests.support.delivering import World
from tests.support.virtual_time import virtually


async def interrupted(world):
    """A delivery that somebody was sending who is gone."""
    delivery = await world.accept()
    await world.spool.take(world.clock.wall(), 1)
    await world.spool.fence([delivery], world.clock.wall())
    world.spool.recovered = sorted(world.spool.reference.crash(world.clock.wall()))
    return delivery


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({}, "unknown"),
        ({"unknown": "retry"}, "queued"),
        ({"unknown": "fail"}, "failed"),
        ({"harmless": True}, "queued"),
    ],
)
def test_what_a_crash_interrupted_is_in_doubt_and_the_policy_says_what_follows(settings, state):
    @virtually
    async def run():
        world = World(**settings)
        delivery = await interrupted(world)
        await world.upkeep.once()
        assert world.state(delivery) == (state, "interrupted")
        assert [told.state for told in world.told] == ([] if state == "queued" else [state])
        assert world.spool[delivery].attempts == 1

    run()


@pytest.mark.parametrize(
    ("settings", "state"),
    [({}, "unknown"), ({"unknown": "retry"}, "queued"), ({"unknown": "fail"}, "failed")],
)
def test_a_doubt_that_was_left_by_a_crash_of_who_took_over_is_resolved_at_start(settings, state):
    @virtually
    async def run():
        world = World(**settings)
        delivery = await interrupted(world)
        world.spool.recovered = []  # somebody was told, and died then
        await world.upkeep.once()
        assert world.state(delivery) == (state, "interrupted")
        assert [told.state for told in world.told] == (["failed"] if state == "failed" else [])

    run()


@virtually
async def test_a_doubt_of_long_ago_is_left_to_people_whatever_the_policy_is_now():
    world = World(unknown="retry", expires=10.0)
    delivery = await interrupted(world)
    world.spool.recovered = []
    await world.clock.sleep(11.0)
    await world.upkeep.once()
    assert world.state(delivery) == ("unknown", "interrupted")


@virtually
async def test_doubts_of_others_are_looked_for_at_start_only():
    world = World(unknown="retry")
    await world.upkeep.once()
    delivery = await interrupted(world)
    world.spool.recovered = []
    await world.upkeep.once()
    assert world.state(delivery) == ("unknown", "interrupted")


@virtually
async def test_a_doubt_that_has_used_up_its_attempts_is_not_tried_again():
    world = World(unknown="retry", attempts=1)
    delivery = await interrupted(world)
    await world.upkeep.once()
    assert world.state(delivery) == ("failed", "interrupted")


@virtually
async def test_a_doubt_of_a_route_that_is_gone_stays_one():
    world = World(unknown="retry")
    delivery = await interrupted(world)
    world.outlets.clear()
    await world.upkeep.once()
    assert world.state(delivery) == ("unknown", "interrupted")


@virtually
async def test_what_expires_while_it_waits_is_told():
    world = World(expires=10.0)
    delivery = await world.accept()
    await world.upkeep.once()
    assert world.told == []
    await world.clock.sleep(10.0)
    await world.upkeep.once()
    assert world.state(delivery) == ("expired", "expired")
    assert [told.state for told in world.told] == ["expired"]
    assert world.stats.outcomes == {"expired": 1}


@virtually
async def test_what_has_ended_is_forgotten_after_its_time_and_not_asked_about_each_time():
    world = World(200)
    delivery = await world.accept()
    await world.run(1.0)
    for _ in range(3):
        await world.upkeep.once()
    assert world.spool.calls.count("forget") == 1
    await world.clock.sleep(3700.0)
    await world.upkeep.once()
    assert delivery not in world.spool.reference.kept


@virtually
async def test_how_much_there_is_is_noted():
    world = World()
    await world.accept()
    await world.upkeep.once()
    assert (world.upkeep.stats.depth["queued"], world.upkeep.stats.up) == (1, True)


@virtually
async def test_a_spool_that_is_away_is_noted_and_no_error():
    world = World()
    world.spool.down = True
    world.upkeep.start()
    await world.clock.sleep(10.0)
    assert not world.upkeep.stats.up
    world.spool.down = False
    await world.clock.sleep(3.0)
    assert world.upkeep.stats.up
    await world.upkeep.close()


def goes_away(world):
    """Once, when it is asked for one delivery."""
    get = world.spool.get

    async def away(_delivery_id):
        world.spool.get = get
        raise SpoolUnavailable("away")

    world.spool.get = away


@virtually
async def test_what_a_crash_interrupted_is_resolved_also_where_the_spool_is_away_at_first():
    world = World(unknown="retry")
    await world.upkeep.once()
    delivery = await interrupted(world)
    goes_away(world)
    await world.upkeep.once()
    assert world.state(delivery) == ("unknown", "interrupted")
    await world.upkeep.once()
    assert world.state(delivery) == ("queued", "interrupted")


@virtually
async def test_what_people_send_again_before_it_is_resolved_is_theirs():
    world = World(unknown="retry")
    await world.upkeep.once()
    delivery = await interrupted(world)
    goes_away(world)
    await world.upkeep.once()
    now = world.clock.wall()
    await world.spool.requeue([delivery], now)
    await world.spool.take(now, 1)
    await world.spool.fence([delivery], now)
    await world.upkeep.once()
    assert world.state(delivery) == ("sending", "")


@pytest.mark.parametrize("told", [True, False])
def test_one_that_cannot_be_read_holds_up_no_other(told):
    @virtually
    async def run():
        world = World(unknown="retry")
        damaged, other = await interrupted(world), await interrupted(world)
        world.spool.recovered = [damaged, other] if told else []
        get = world.spool.get

        async def damaged_get(delivery_id):
            if delivery_id == damaged:
                raise SpoolDamaged("damaged")
            return await get(delivery_id)

        world.spool.get = damaged_get
        await world.upkeep.once()
        assert world.state(damaged) == ("unknown", "interrupted")
        assert world.state(other) == ("queued", "interrupted")
        assert world.upkeep.stats.up

    run()
