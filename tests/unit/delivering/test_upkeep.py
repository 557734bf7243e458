import pytest

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
