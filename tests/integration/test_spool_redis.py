"""The spool in a Redis server that several sidecars share: who delivers, and after whom."""

import asyncio

import pytest

from sidecar.spool import SpoolUnavailable
from tests.support.redis import redis_server
from tests.support.spool_redis import DELIVERED, NOW, added, dies, spools


async def test_what_one_accepts_another_delivers_and_each_delivery_is_in_one_hand(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 3) as three:
        ids = [one for spool in three for one in await added(spool, 20)]
        taken = await asyncio.gather(*(spool.take(NOW, 9) for spool in three for _ in range(5)))
        assert sorted(one.id for some in taken for one in some) == sorted(ids)


async def test_a_lane_is_in_one_hand_at_a_time_and_keeps_its_order_among_sidecars(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2) as two:
        ids = await added(two[0], 6, lane="a")
        order = []
        while len(order) < 6:
            taken = await asyncio.gather(*(spool.take(NOW, 5) for spool in two))
            assert sorted(map(len, taken)) == [0, 1]
            spool, (one,) = max(zip(two, taken, strict=True), key=lambda pair: len(pair[1]))
            assert await spool.fence([one.id], NOW) == {one.id}
            assert not await two[0].take(NOW, 5)
            assert await spool.settle(one.id, DELIVERED)
            order.append(one.id)
        assert order == ids


async def test_a_lane_is_not_served_past_one_that_is_in_hand_though_another_is_now_first(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2) as (one, other):
        (later,) = await added(one, lane="a", not_before=NOW + 10)
        assert [taken.id for taken in await one.take(NOW + 20, 1)] == [later]
        (first,) = await added(other, lane="a")
        assert await other.take(NOW + 20, 10) == []
        assert await other.next_due(NOW + 20) is None
        await one.fence([later], NOW + 20)
        assert await other.take(NOW + 20, 10) == []
        await one.settle(later, DELIVERED)
        assert [taken.id for taken in await other.take(NOW + 20, 10)] == [first]


async def test_what_a_dead_sidecar_had_in_hand_is_taken_over_and_what_it_was_sending_is_unknown(
    tmp_path,
):
    async with redis_server(tmp_path) as server, spools(server, 2) as (dead, alive):
        claimed, sending, *_ = await added(dead, 2)
        await dead.take(NOW, 10)
        await dead.fence([sending], NOW)
        dies(dead)
        assert await alive.recover(NOW) == []
        await asyncio.sleep(0.4)
        assert await alive.recover(NOW) == [sending]
        assert [one.id for one in await alive.take(NOW, 10)] == [claimed]
        assert (await alive.get(sending)).reason == "interrupted"
        # it was not dead, only slow
        assert await dead.fence([claimed], NOW) == frozenset()
        assert await dead.settle(claimed, DELIVERED) is False
        assert await dead.settle(sending, DELIVERED) is True
        assert (await alive.get(sending)).state == "delivered"


async def test_an_outcome_that_comes_after_another_one_sent_it_is_not_believed(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2) as (slow, alive):
        (one,) = await added(slow)
        await slow.take(NOW, 1)
        await slow.fence([one], NOW)
        dies(slow)
        await asyncio.sleep(0.4)
        await alive.recover(NOW)
        await alive.requeue([one], NOW)
        await alive.take(NOW, 1)
        await alive.fence([one], NOW)
        assert await slow.settle(one, DELIVERED) is False
        assert (await alive.get(one)).state == "sending"


async def test_who_takes_long_and_lives_keeps_what_it_has(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2, lease=0.2) as (slow, other):
        ids = await added(slow, 2)
        await slow.take(NOW, 10)
        await slow.fence(ids[:1], NOW)
        for _ in range(6):
            await asyncio.sleep(0.1)
            assert await other.recover(NOW) == []
            assert await other.take(NOW, 10) == []
        assert await slow.fence(ids[1:], NOW) == {ids[1]}


async def test_who_closes_gives_back_what_it_has_not_begun_to_send(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2) as (leaving, other):
        ids = await added(leaving, 3)
        await leaving.take(NOW, 10)
        await leaving.close()
        assert [one.id for one in await other.take(NOW, 10)] == ids


async def test_a_take_that_nobody_waits_for_any_more_claims_nothing(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2) as (one, other):
        await added(one, 3)
        taking = asyncio.ensure_future(one.take(NOW, 10))
        await asyncio.sleep(0)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        await asyncio.sleep(0.1)
        assert len(await other.take(NOW, 10)) == 3


async def test_who_could_not_say_that_it_lives_does_not_take_over_from_itself(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        claimed, sending = await added(spool, 2)
        await spool.take(NOW, 10)
        await spool.fence([sending], NOW)
        dies(spool)
        await asyncio.sleep(0.4)
        assert await spool.recover(NOW) == []
        assert await spool.take(NOW, 10) == []
        assert await spool.fence([claimed], NOW) == {claimed}


async def test_what_was_lost_after_a_lease_is_not_given_to_a_second_one_beside_who_has_it(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2) as (slow, other):
        (one,) = await added(slow)
        await slow.take(NOW, 10)
        dies(slow)
        await asyncio.sleep(0.4)
        await other.recover(NOW)
        assert await slow.take(NOW, 10) == []
        assert await other.take(NOW, 10) == []
        assert await slow.fence([one], NOW) == {one}
        assert await slow.settle(one, DELIVERED)


async def test_what_is_being_sent_is_kept_alive_though_somebody_would_release_it(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, 2) as (slow, other):
        (one,) = await added(slow)
        await slow.take(NOW, 10)
        await slow.fence([one], NOW)
        await slow.release([one])
        for _ in range(5):
            await asyncio.sleep(0.15)
            assert await other.recover(NOW) == []


async def test_an_outcome_that_comes_late_is_not_taken_for_that_of_the_next_attempt(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        (one,) = await added(spool)
        await spool.take(NOW, 10)
        late = ["settle", spool._consumer, one, "0", "queued", NOW, "why", NOW, b"", "token", ""]
        await spool.fence([one], NOW)
        assert await spool._server.run(*late) == 0
        assert (await spool.get(one)).state == "sending"


async def test_one_that_cannot_be_read_does_not_keep_those_that_were_taken_with_it(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        damaged, other = await added(spool, 2)
        await spool._server.ask("HSET", f"{spool._server.base}d:{damaged}", "request", b"?")
        run = spool._server.run

        async def unsettled(script, *args, **more):
            if script == "settle":
                raise SpoolUnavailable("away")
            return await run(script, *args, **more)

        spool._server.run = unsettled
        assert [one.id for one in await spool.take(NOW, 10)] == [other]
        spool._server.run = run
        await asyncio.sleep(0.4)
        await spool.recover(NOW)
        assert await spool.take(NOW, 10) == []
        assert [one.state for one in await spool.find()] == ["failed", "queued"]


async def test_an_outcome_that_was_written_down_unheard_is_not_taken_for_anothers(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        (one,) = await added(spool)
        await spool.take(NOW, 10)
        await spool.fence([one], NOW)
        run = spool._server.run

        async def deaf(script, *args, **more):
            await run(script, *args, **more)
            raise SpoolUnavailable("no answer")

        spool._server.run = deaf
        with pytest.raises(SpoolUnavailable):
            await spool.settle(one, DELIVERED)
        spool._server.run = run
        assert await spool.settle(one, DELIVERED) is True


@pytest.mark.parametrize("asked", [("whatsapp", "a"), ("gemini", "b"), ("gemini", ""), ("x", "")])
async def test_whether_something_waits_is_seen_at_once_however_much_does(asked, tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        await added(spool, 300, lane="a")
        await added(spool, lane="b", upstream="gemini")
        await spool.is_waiting(*asked)  # the script is known from now on
        before = await spool._server.ask("INFO", "stats")
        assert await spool.is_waiting(*asked) == (asked[0] != "x")
        after = await spool._server.ask("INFO", "stats")
        assert after["total_commands_processed"] - before["total_commands_processed"] < 12


async def test_what_is_late_costs_next_to_nothing_until_it_is_expired(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        await added(spool, 300, expires_at=NOW + 1)
        (one,) = await added(spool, not_before=NOW + 2)
        before = await spool._server.ask("INFO", "stats")
        assert await spool.next_due(NOW + 1) == NOW + 2
        assert [taken.id for taken in await spool.take(NOW + 2, 10)] == [one]
        after = await spool._server.ask("INFO", "stats")
        assert after["total_commands_processed"] - before["total_commands_processed"] < 60
