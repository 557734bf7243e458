"""What both kinds of spool do alike, said one by one. `SpoolMachine` does it in any order."""

import pytest

from sidecar.config.redis_address import RedisUrl
from sidecar.config.spool import RedisSpool, SqliteSpool
from sidecar.spool import Added, Answer, Duplicate, Place, Settlement
from sidecar.spool.opening import make_spool
from tests.support.redis import redis_server
from tests.support.spools import delivery

NOW = 1_700_000_000.0


@pytest.fixture(params=["sqlite", "redis"])
async def spool(request, tmp_path):
    if request.param == "sqlite":
        made = make_spool(SqliteSpool(path=str(tmp_path / "deep" / "spool.db")))
        await made.open()
        await made.recover(NOW)
        yield made
        await made.close()
        return
    async with redis_server(tmp_path) as server:
        made = make_spool(RedisSpool(url=RedisUrl(server.url)))
        await made.open()
        await made.recover(NOW)
        yield made
        await made.close()


async def added(spool, **changes):
    new = delivery(NOW, **changes)
    assert await spool.add(new) == Added(new.id)
    return new.id


async def taken(spool, now, **settings):
    return [one.id for one in await spool.take(now, 10, **settings)]


async def settled(spool, one, state="queued", **settings):
    assert await spool.settle(one, Settlement(state=state, now=NOW, **settings))


async def test_one_that_waits_for_another_try_holds_up_its_lane_and_no_other(spool):
    first, second = await added(spool, lane="a"), await added(spool, lane="a")
    other, free = await added(spool, lane="b"), await added(spool)
    assert await taken(spool, NOW) == [first, other, free]
    await spool.fence([first], NOW)
    await settled(spool, first, not_before=NOW + 9)
    assert await taken(spool, NOW + 8) == []
    assert await spool.next_due(NOW) == NOW + 9
    assert await taken(spool, NOW + 9) == [first]
    await settled(spool, first, "delivered")
    assert await taken(spool, NOW + 9) == [second]


async def test_one_that_is_scheduled_does_not_hold_up_what_comes_meanwhile(spool):
    later = await added(spool, lane="a", not_before=NOW + 60)
    soon = await added(spool, lane="a")
    assert await taken(spool, NOW) == [soon]
    await settled(spool, soon, "delivered")
    assert await taken(spool, NOW + 60) == [later]


async def test_one_that_is_postponed_by_an_edit_does_not_either(spool):
    later, soon = await added(spool, lane="a"), await added(spool, lane="a")
    assert await spool.edit(later, NOW, not_before=NOW + 60)
    assert await taken(spool, NOW) == [soon]
    await settled(spool, soon, "delivered")
    assert await taken(spool, NOW) == []
    assert await taken(spool, NOW + 60) == [later]


async def test_one_that_was_tried_expires_all_the_same_and_one_in_hand_does_not(spool):
    tried = await added(spool, expires_at=NOW + 10)
    held = await added(spool, expires_at=NOW + 10)
    assert await taken(spool, NOW) == [tried, held]
    await spool.fence([tried], NOW)
    await settled(spool, tried, not_before=NOW + 5)
    assert await spool.expire(NOW + 9) == []
    assert await spool.expire(NOW + 10) == [tried]
    await spool.release([held])
    assert await taken(spool, NOW + 10) == []
    assert await spool.expire(NOW + 10) == [held]


async def test_a_key_is_the_same_call_at_its_place_until_it_ends(spool):
    settings = {"dedup": "k", "dedup_until": NOW + 10, "fingerprint": "f"}
    first = await added(spool, **settings)
    assert await spool.add(delivery(NOW, **settings)) == Duplicate(first, "f")
    await added(spool, **settings | {"route": "other"})
    here, other = Place("whatsapp", "send"), Place("whatsapp", "none")
    assert [await spool.is_known(place, "k", NOW + 9) for place in (here, other)] == [True, False]
    assert not await spool.is_known(here, "k", NOW + 10)
    later = delivery(NOW + 10, **settings | {"dedup_until": NOW + 20})
    assert await spool.add(later) == Added(later.id)
    assert await spool.add(delivery(NOW + 11, **settings)) == Duplicate(later.id, "f")
    assert (await spool.get(first)).dedup is None


async def test_a_key_is_free_once_its_delivery_is_forgotten(spool):
    first = await added(spool, dedup="k")
    await taken(spool, NOW)
    await settled(spool, first, "delivered")
    assert await spool.forget(NOW + 1) == 1
    assert await spool.get(first) is None
    assert not await spool.is_known(Place("whatsapp", "send"), "k", NOW)
    await added(spool, dedup="k")


async def test_what_is_unknown_is_never_forgotten_and_does_not_hold_up_its_lane(spool):
    first, second = await added(spool, lane="a"), await added(spool, lane="a")
    await taken(spool, NOW)
    await spool.fence([first], NOW)
    await settled(spool, first, "unknown", reason="timeout")
    assert await taken(spool, NOW) == [second]
    assert await spool.forget(NOW + 1e6) == 0
    assert (await spool.get(first)).reason == "timeout"


async def test_what_is_paused_is_passed_over(spool):
    paused = await added(spool, upstream="gemini")
    other = await added(spool)
    assert await taken(spool, NOW, paused=[Place("gemini", "send")]) == [other]
    assert await taken(spool, NOW) == [paused]


async def test_an_answer_is_kept_and_a_delivered_request_is_not(spool):
    one = await added(spool)
    await taken(spool, NOW)
    await spool.fence([one], NOW)
    answer = Answer(429, [(b"Retry-After", b"1")], b"\xff\x00", truncated=True)
    await settled(spool, one, answer=answer)
    assert (await spool.get(one)).answer == answer
    await taken(spool, NOW)
    await settled(spool, one, "delivered", answer=Answer(200, []))
    kept = await spool.get(one)
    assert (kept.headers, kept.body, kept.answer) == ([], b"", Answer(200, []))
    assert kept.size == len(b"s3cret-body")


async def test_a_clock_that_goes_back_holds_nothing_up_and_keeps_the_order(spool):
    ids = [await added(spool, lane="a")]
    earlier = delivery(NOW - 3600, lane="a")
    assert await spool.add(earlier) == Added(earlier.id)
    assert await taken(spool, NOW - 3600) == ids
    await settled(spool, ids[0], "delivered")
    assert await taken(spool, NOW - 3600) == [earlier.id]


async def test_how_long_the_oldest_waits_is_counted_from_when_it_was_due(spool):
    assert (await spool.figures(NOW)).oldest_due is None
    await added(spool, not_before=NOW + 50)
    assert (await spool.figures(NOW)).oldest_due is None
    await added(spool)
    assert (await spool.figures(NOW + 20)).oldest_due == pytest.approx(20.0)


@pytest.mark.parametrize("lane", ["", "a"])
async def test_something_is_waiting_until_it_is_finished(spool, lane):
    async def waiting():
        others = await spool.is_waiting("gemini"), await spool.is_waiting("whatsapp", "b")
        assert others == (False, False)
        assert not lane or await spool.is_waiting("whatsapp", lane) == await spool.is_waiting(
            "whatsapp"
        )
        return await spool.is_waiting("whatsapp")

    assert not await waiting()
    one = await added(spool, lane=lane)
    assert await waiting()
    await taken(spool, NOW)
    assert await waiting()
    await spool.fence([one], NOW)
    assert await waiting()
    await settled(spool, one, not_before=NOW + 60)
    assert await waiting()
    await taken(spool, NOW + 60)
    await settled(spool, one, "failed")
    assert not await waiting()
