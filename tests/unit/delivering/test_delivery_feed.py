"""The feed of changes: what it gives, where it is taken up, and how it ends."""

import asyncio
import json

import pytest

from sidecar.delivering.feed import LATEST, Feed
from sidecar.errors import BadRequest
from tests.support.delivery_pages import Application
from tests.support.virtual_time import virtually


async def some(feed):
    """What the next read brings, as (kind, data)."""
    text = (await feed.body.read()).decode()
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")
        )
        found.append((fields.get("event"), fields.get("id"), json.loads(fields.get("data", "{}"))))
    return found


@virtually
async def test_the_feed_gives_each_change_as_it_comes():
    world = Application(200)
    feed = await world.page("/_sidecar/events")
    assert dict(feed.headers)[b"Content-Type"] == b"text/event-stream"
    reading = asyncio.ensure_future(some(feed))
    await asyncio.sleep(0.1)
    delivery = await world.accept()
    world.feed.ring()
    ((kind, cursor, data),) = await reading
    assert (kind, cursor, data["id"], data["state"]) == ("delivery", "1", delivery, "queued")
    await world.run(1.0)
    assert [data["state"] for _, _, data in await some(feed)] == ["sending", "delivered"]
    feed.close()


@virtually
async def test_whoever_has_seen_the_head_of_a_feed_misses_nothing_that_comes():
    world = Application(200)
    await world.accept()
    feed = await world.page("/_sidecar/events")
    later = await world.accept()
    ((_, cursor, data),) = await some(feed)
    assert (cursor, data["id"], data["state"]) == ("2", later, "queued")


@virtually
async def test_a_feed_that_is_opened_while_the_spool_is_away_begins_when_it_is_back():
    world = Application()
    world.spool.down = True
    feed = await world.feed.open(LATEST)
    reading = asyncio.ensure_future(some(feed))
    await asyncio.sleep(5.0)
    world.spool.down = False
    await asyncio.sleep(5.0)
    delivery = await world.accept()
    ((_, _, data),) = await reading
    assert data["id"] == delivery


@pytest.mark.parametrize(
    ("query", "headers", "states"),
    [
        ("?after=0", [], ["queued", "sending", "delivered"]),
        ("?after=2", [], ["delivered"]),
        ("", [(b"Last-Event-ID", b"1")], ["sending", "delivered"]),
        ("?after=0", [(b"last-event-id", b"2")], ["delivered"]),
    ],
)
def test_the_feed_is_taken_up_where_it_was_left(query, headers, states):
    @virtually
    async def run():
        world = Application(200)
        await world.accept()
        await world.run(1.0)
        feed = await world.page(f"/_sidecar/events{query}", headers=headers)
        assert [data["state"] for _, _, data in await some(feed)] == states

    run()


@virtually
async def test_a_feed_from_a_point_that_is_unknown_says_that_there_is_a_gap():
    world = Application()
    await world.accept()
    feed = await world.page("/_sidecar/events?after=77")
    assert await some(feed) == [("gap", "1", {})]


@virtually
async def test_a_quiet_feed_shows_that_it_is_alive():
    world = Application()
    feed = await world.feed.open(LATEST)
    assert feed.body.take() is None
    assert await feed.body.read() == b": still here\n\n"
    assert world.clock.now() == 15.0


@virtually
async def test_a_feed_ends_when_the_sidecar_stops():
    world = Application()
    feed = await world.feed.open(LATEST)
    reading = asyncio.ensure_future(feed.body.read())
    await asyncio.sleep(0.1)
    world.feed.close()
    assert await reading == b""
    assert world.clock.now() == pytest.approx(0.1)


@virtually
async def test_readers_are_bounded_and_give_their_place_back():
    feed = Feed(Application().spool)
    readers = [await feed.open(0) for _ in range(100)]
    with pytest.raises(BadRequest) as caught:
        await feed.open(0)
    assert caught.value.status == 429
    readers[0].close()
    await feed.open(0)


@virtually
async def test_a_spool_that_is_away_makes_the_feed_wait():
    world = Application()
    await world.accept()
    world.spool.down = True
    feed = await world.feed.open(0)
    reading = asyncio.ensure_future(some(feed))
    await asyncio.sleep(5.0)
    world.spool.down = False
    assert (await reading)[0][0] == "delivery"
