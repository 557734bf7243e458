"""What is dropped once more after a write whose answer was lost."""

import asyncio

from sidecar.config import Stores
from sidecar.core.cache.tag_names import for_others
from sidecar.parts.keeping import Keeping
from sidecar.parts.stored import Stored
from tests.support.builders import config
from tests.support.virtual_time import VirtualClock, virtually

ROW, TABLE = "api/t.id=5", "api/t!"
WRITTEN = (ROW, for_others(TABLE))


class World:
    """Answers of two tags, and what has become of them."""

    def __init__(self):
        clock = VirtualClock()
        self.stored = Stored(Stores(), clock, Keeping(config(upstreams={}), clock))
        self.renew()

    def renew(self):
        names = self.stored.names
        generations = self.stored.entries.generations
        self.tags = {name: generations.now(names.of([name])) for name in (ROW, TABLE, "api/u!")}

    def dropped(self):
        """Since this was asked for the last time."""
        state = self.stored.entries.generations.state
        found = {name for name, tags in self.tags.items() if state(tags, "api", "/") != "current"}
        self.renew()
        return found


@virtually
async def test_whole_tables_are_dropped_later_where_nobody_says_what_is_touched_then():
    world = World()
    world.stored.drop_again(WRITTEN)
    for seconds in (2.1, 8.0, 50.0):
        await asyncio.sleep(seconds)
        assert world.dropped() == {ROW, TABLE}
    await world.stored.close()


@virtually
async def test_only_rows_are_dropped_later_where_it_is_known_by_what_they_are_read_then():
    world = World()
    asked = []

    def anew():
        asked.append(asyncio.get_running_loop().time())
        return WRITTEN

    world.stored.drop_again(WRITTEN, anew)
    for seconds in (2.1, 8.0, 50.0):
        await asyncio.sleep(seconds)
        assert world.dropped() == {ROW}
    assert asked == [2.0, 10.0, 60.0]
    await world.stored.close()


@virtually
async def test_after_a_change_of_the_configuration_what_was_known_does_not_count():
    world = World()
    world.stored.drop_again(WRITTEN, lambda: WRITTEN)
    world.stored.forget_ways()
    await asyncio.sleep(2.1)
    assert world.dropped() == {ROW, TABLE}
    await world.stored.close()
