"""The spool in a Redis server that several sidecars share, and what may happen to all of them."""

import asyncio
import random
import secrets
import shutil
from contextlib import asynccontextmanager

import pytest

from sidecar.config.redis_address import RedisUrl
from sidecar.config.spool import RedisSpool as RedisSpoolConfig
from sidecar.spool import Added, Duplicate, Full, Settlement, SpoolDamaged, SpoolUnavailable
from sidecar.spool.redis import RedisSpool
from sidecar.spool.sealing import KeySeal, NoSeal
from tests.support.redis import redis_server
from tests.support.spool_crashes import Crashes, kill
from tests.support.spool_redis import DurableRedis
from tests.support.spools import delivery
from tests.support.tools import missing

NOW = 1_700_000_000.0
DELIVERED = Settlement(state="delivered", now=NOW)


@asynccontextmanager
async def durable(folder, *more):
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server")
    server = DurableRedis(program, folder)
    server.more = more
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def spools(server, count=1, seal=None, **settings):
    settings.setdefault("lease", 0.3)
    settings.setdefault("timeout", 1.0)
    config = RedisSpoolConfig(url=RedisUrl(server.url), **settings)
    made = [RedisSpool(config, seal or NoSeal()) for _ in range(count)]
    try:
        for spool in made:
            await spool.open()
        yield made
    finally:
        for spool in made:
            await spool.close()


async def added(spool, count=1, **changes):
    new = [delivery(NOW, **changes) for _ in range(count)]
    for one in new:
        assert await spool.add(one) == Added(one.id)
    return [one.id for one in new]


def dies(spool):
    """It gives no sign of life any more."""
    spool._hand._task.cancel()


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


async def test_a_fence_that_was_not_answered_is_undone_as_soon_as_the_server_answers(tmp_path):
    async with (
        redis_server(tmp_path) as server,
        spools(server, timeout=0.2, lease=60.0) as (spool,),
    ):
        ids = await added(spool, 2)
        await spool.take(NOW, 10)
        server.freeze()
        with pytest.raises(SpoolUnavailable):
            await spool.fence(ids, NOW)
        server.thaw()
        await asyncio.sleep(0.1)  # what was asked for is done by now
        assert await spool.recover(NOW) == []
        taken = await spool.take(NOW, 10)
        assert [(one.state, one.attempts) for one in taken] == [("queued", 0)] * 2


async def test_what_is_full_refuses_and_keeps_what_it_has(tmp_path):
    async with redis_server(tmp_path) as server:
        async with spools(server, max_deliveries=2) as (spool,):
            await added(spool, 2)
            assert await spool.add(delivery(NOW)) == Full("deliveries")
        async with spools(server, max_size=20_000) as (spool,):
            assert await spool.add(delivery(NOW, body=bytes(20_000))) == Full("size")
            assert len(await spool.find()) == 2


async def test_room_is_made_of_what_was_delivered_and_of_nothing_else(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, max_size=60_000) as (spool,):
        (failed,) = await added(spool)
        (known,) = await added(spool, dedup="k")
        for one in await spool.take(NOW, 2):
            state = "failed" if one.id == failed else "delivered"
            await spool.settle(one.id, Settlement(state=state, now=NOW))
        for _ in range(100):
            await added(spool)
            (taken,) = await spool.take(NOW, 1)
            await spool.settle(taken.id, DELIVERED)
        figures = await spool.figures(NOW)
        assert figures.bytes <= 60_000
        assert figures.counts["failed"] == 1
        assert 10 < figures.counts["delivered"] < 60
        again = await spool.add(delivery(NOW, dedup="k", fingerprint="other"))
        assert again == Duplicate(known, "")


async def test_a_server_without_memory_refuses_and_goes_on_when_there_is_some(tmp_path):
    async with durable(tmp_path, "--maxmemory", "6mb") as server, spools(server) as (spool,):
        ids = []
        while True:
            new = delivery(NOW, body=secrets.token_bytes(50_000))
            if (said := await spool.add(new)) != Added(new.id):
                break
            ids.append(new.id)
        assert said == Full("size")
        taken = await spool.take(NOW, 2)
        assert await spool.fence([one.id for one in taken], NOW) == set(ids[:2])
        assert await spool.settle(ids[0], DELIVERED) is True
        assert await spool.settle(ids[1], Settlement(state="queued", now=NOW)) is True
        await spool._server.ask("CONFIG", "SET", "maxmemory", "60mb")
        ids += await added(spool, 3)
        assert [one.id for one in await spool.find(most=1000)] == ids


async def test_a_server_that_throws_keys_away_is_not_used(tmp_path):
    options = ("--maxmemory", "60mb", "--maxmemory-policy", "allkeys-lru")
    async with durable(tmp_path, *options) as server:
        with pytest.raises(SpoolUnavailable, match="allkeys-lru"):
            async with spools(server):
                pass


async def test_how_safe_it_is_is_said_as_it_is(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        assert spool.durability == "redis-memory"
    async with durable(tmp_path) as server, spools(server) as (spool,):
        assert spool.durability == "redis-aof-always"
    async with durable(tmp_path, "--appendfsync", "everysec") as server, spools(server) as (spool,):
        assert spool.durability == "redis-aof-everysec"


async def test_a_server_that_does_not_answer_is_said_at_start(tmp_path):
    async with redis_server(tmp_path) as server:
        server.kill()
        with pytest.raises(SpoolUnavailable):
            async with spools(server):
                pass


async def test_with_a_key_nothing_of_a_call_can_be_read_and_another_key_is_refused(tmp_path):
    async with durable(tmp_path) as server:
        async with spools(server, seal=KeySeal(bytes(32))) as (spool,):
            (one,) = await added(spool)
            assert (await spool.get(one)).body == b"s3cret-body"
        written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
        assert one.encode() in written
        assert b"s3cret" not in written
        for seal in (NoSeal(), KeySeal(bytes(31) + b"\1")):
            with pytest.raises(SpoolDamaged, match="another key"):
                async with spools(server, seal=seal):
                    pass


async def test_a_server_that_is_killed_brings_back_what_it_accepted(tmp_path):
    async with durable(tmp_path) as server, spools(server) as (spool,):
        ids = await added(spool, 30, lane="a")
        (first,) = await spool.take(NOW, 10)
        await spool.fence([first.id], NOW)
        server.kill()
        with pytest.raises(SpoolUnavailable):
            await spool.add(delivery(NOW))
        with pytest.raises(SpoolUnavailable):
            await spool.settle(first.id, DELIVERED)
        await server.start()
        assert await spool.settle(first.id, DELIVERED) is True
        assert [one.id for one in await spool.take(NOW, 10)] == ids[1:2]
        assert (await spool.figures(NOW)).counts["queued"] == 29


async def test_sidecars_and_the_server_are_killed_while_they_work_and_nothing_is_lost_or_doubled(
    tmp_path,
):
    dice = random.Random(3)
    (tmp_path / "redis").mkdir()
    async with durable(tmp_path / "redis") as server:
        crashes = Crashes(tmp_path, server.url)
        workers = [await crashes.worker("add") for _ in range(2)]
        for number in range(6):
            await asyncio.sleep(dice.uniform(0.05, 0.3))
            if number % 3 == 2:
                server.kill()
                await asyncio.sleep(dice.uniform(0.0, 0.2))
                await server.start()
            else:
                await kill(workers.pop(0))
                workers.append(await crashes.worker("add"))
        for worker in workers:
            await kill(worker)
        await crashes.settled()
        states = await crashes.judge()
        assert states["delivered"] > 100
