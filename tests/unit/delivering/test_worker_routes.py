"""Routes that rest, that are slow, full or gone: none holds up another."""

import asyncio
from dataclasses import replace

from sidecar.config.queue import Queue
from sidecar.delivering.rooms import Rooms
from sidecar.errors import Rejected
from sidecar.spool import Place, SpoolUnavailable
from tests.support.builders import response
from tests.support.delivering import World, rule_of, slow
from tests.support.virtual_time import virtually

OPEN = Rejected("open", code="breaker_open", retry_after=30.0)
PACED = Rejected("slow", code="pace_timeout", retry_after=6.0)


@virtually
async def test_while_a_breaker_is_open_its_route_rests_and_no_attempt_is_burnt():
    world = World()
    ids = [await world.accept() for _ in range(5)]
    world.acts = [OPEN] * 5
    await world.run(29.0)
    assert world.sent == []
    assert [world.spool[each].attempts for each in ids] == [0] * 5
    assert [world.state(each) for each in ids] == [("queued", "")] * 5
    assert world.spool.calls.count("take") < 5
    assert "settle" not in world.spool.calls
    await world.worker.close()


@virtually
async def test_a_route_that_rests_goes_on_when_the_breaker_says_so():
    world = World(OPEN, 200)
    delivery = await world.accept()
    await world.run(40.0)
    assert [round(at) for at, _ in world.sent] == [30]
    assert world.spool[delivery].attempts == 1


@virtually
async def test_a_route_that_rests_holds_up_no_other():
    world = World()
    other = rule_of(Queue(mode="always"), "other")
    world.add_route(other)
    world.acts = [OPEN]
    await world.accept(b"a")
    await asyncio.sleep(0)
    world.worker.start()
    await asyncio.sleep(0.5)
    await world.accept(b"b", rule=other)
    await asyncio.sleep(0.5)
    assert world.sent == [(0.5, b"b")]
    await world.worker.close()


@virtually
async def test_a_slow_route_holds_up_no_other():
    world = World(at_once=2)
    other = rule_of(Queue(mode="always"), "other")
    world.add_route(other)
    world.acts = [slow(world, 100.0), slow(world, 100.0)]
    for _ in range(5):
        await world.accept(b"slow")
    world.worker.start()
    await asyncio.sleep(1.0)
    await world.accept(b"b", rule=other)
    await asyncio.sleep(1.0)
    assert [body for _, body in world.sent] == [b"slow", b"slow", b"b"]
    assert world.worker.snapshot()["under_way"] == {"api/default": 2}
    await world.worker.close()


@virtually
async def test_breakers_by_key_hold_up_only_the_delivery_itself():
    world = World(OPEN, 200)
    by_key = replace(world.rule, rests_whole=False)
    world.outlets[world.rule.place] = world.outlets[world.rule.place]._replace(rule=by_key)
    one = await world.accept(b"one")
    await world.accept(b"two")
    await world.run(40.0)
    assert [(round(at), body) for at, body in world.sent] == [(0, b"two"), (30, b"one")]
    assert world.spool[one].attempts == 1


@virtually
async def test_what_a_pace_does_not_let_out_comes_back_without_an_attempt():
    world = World(PACED, 200)
    delivery = await world.accept()
    await world.run(10.0)
    assert [round(at) for at, _ in world.sent] == [6]
    assert world.spool[delivery].attempts == 1
    assert world.stats.attempts == {"not_let_out": 1, "delivered": 1}


@virtually
async def test_no_more_are_under_way_than_the_route_allows():
    world = World(at_once=3)
    most = 0

    async def act(subject):
        nonlocal most
        await world.pass_fence(subject)
        most = max(most, len(world.worker._running))
        await asyncio.sleep(1.0)
        return response(200)

    world.acts = [act] * 10
    for _ in range(10):
        await world.accept()
    await world.run(20.0)
    assert (most, len(world.sent)) == (3, 10)


@virtually
async def test_deliveries_of_a_route_that_is_gone_stay_where_they_are():
    world = World(200)
    gone = rule_of(Queue(mode="always"), "gone")
    stray = await world.accept(b"a", rule=gone)
    await world.accept(b"b")
    await world.run(5.0)
    assert [body for _, body in world.sent] == [b"b"]
    assert (world.state(stray), world.spool[stray].claimed) == (("queued", ""), False)
    assert world.worker.snapshot()["without_route"] == ["api/gone"]


PLACES = [Place("api", name) for name in ("a", "b")]


def rooms(at_once=2):
    world = World(at_once=at_once)
    for place in PLACES:
        world.add_route(rule_of(Queue(at_once=at_once), place.route))
    del world.outlets[world.rule.place]
    return Rooms(world.outlets)


@virtually
async def test_as_many_are_taken_as_fit_whichever_routes_they_are_of():
    subject = rooms()
    assert subject.room(subject.paused(0.0)) == 2
    subject.begin(PLACES[0])
    assert subject.room(subject.paused(0.0)) == 1
    subject.begin(PLACES[0])
    assert subject.paused(0.0) == {PLACES[0]}
    assert subject.room(subject.paused(0.0)) == 2
    subject.end(PLACES[0])
    assert subject.paused(0.0) == set()


@virtually
async def test_a_rest_is_not_shortened_by_another():
    subject = rooms()
    assert subject.until_rested(0.0) == float("inf")
    subject.rest(PLACES[0], 10.0)
    subject.rest(PLACES[0], 5.0)
    assert subject.paused(9.0) == {PLACES[0]}
    assert subject.until_rested(9.0) == 1.0
    assert subject.paused(10.0) == set()


@virtually
async def test_where_all_routes_are_paused_nothing_is_taken():
    subject = rooms()
    for place in PLACES:
        subject.rest(place, 10.0)
    assert subject.room(subject.paused(0.0)) == 0


@virtually
async def test_a_route_that_does_not_exist_is_news_once():
    subject = rooms()
    assert subject.stray(Place("api", "x"))
    assert not subject.stray(Place("api", "x"))
    assert Place("api", "x") in subject.paused(0.0)


@virtually
async def test_what_has_no_route_is_given_back_also_where_the_spool_is_away_at_first():
    world = World()
    delivery = await world.accept(rule=rule_of(Queue(mode="always"), "gone"))
    release = world.spool.release

    async def away(_ids):
        world.spool.release = release
        raise SpoolUnavailable("away")

    world.spool.release = away
    world.worker.start()
    await asyncio.sleep(3.0)
    assert not world.spool[delivery].claimed
    await world.worker.close()
