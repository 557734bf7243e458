"""What may happen to the Redis server of a spool: full, slow, without memory, killed."""

import asyncio
import secrets
from contextlib import asynccontextmanager

import pytest
from redis.asyncio.connection import AbstractConnection

from sidecar.spool import Added, Duplicate, Full, Settlement, SpoolDamaged, SpoolUnavailable
from sidecar.spool.sealing import KeySeal, NoSeal
from tests.support.redis import redis_server
from tests.support.spool_redis import DELIVERED, NOW, added, durable, spools
from tests.support.spools import delivery

LATER = Settlement(state="queued", now=NOW, not_before=NOW + 1)


@asynccontextmanager
async def unanswered(folder):
    """A spool that was not told whether its deliveries are fenced, and its deliveries; they are."""
    async with (
        redis_server(folder) as server,
        spools(server, timeout=0.2, lease=60.0) as (spool,),
    ):
        ids = await added(spool, 2)
        await spool.take(NOW, 10)
        server.freeze()
        with pytest.raises(SpoolUnavailable):
            await spool.fence(ids, NOW)
        server.thaw()
        await asyncio.sleep(0.1)  # what was asked for is done by now
        yield spool, ids


async def test_a_fence_that_was_not_answered_is_undone_once_it_is_released(tmp_path):
    async with unanswered(tmp_path) as (spool, ids):
        await spool.release(ids)
        assert await spool.recover(NOW) == []
        taken = await spool.take(NOW, 10)
        assert [(one.state, one.attempts) for one in taken] == [("queued", 0)] * 2


async def test_what_a_fence_was_not_answered_for_is_taken_by_nobody_until_it_is_settled(tmp_path):
    async with unanswered(tmp_path) as (spool, ids):
        assert await spool.recover(NOW) == []
        assert await spool.take(NOW, 10) == []
        for one in ids:
            assert await spool.settle(one, LATER)
        taken = await spool.take(NOW + 1, 10)
        assert [(one.state, one.attempts) for one in taken] == [("queued", 0)] * 2


async def test_what_is_sent_after_a_fence_that_was_not_answered_is_not_put_back(tmp_path):
    async with unanswered(tmp_path) as (spool, ids):
        for one in ids:
            assert await spool.settle(one, LATER)
        await spool.take(NOW + 1, 10)
        assert await spool.fence(ids, NOW + 1) == set(ids)
        assert await spool.recover(NOW + 1) == []
        assert [one.state for one in await spool.find()] == ["sending"] * 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda spool, one: spool.add(delivery(NOW)),
        lambda spool, one: spool.take(NOW, 10),
        lambda spool, one: spool.fence([one], NOW),
        lambda spool, one: spool.settle(one, DELIVERED),
        lambda spool, one: spool.get(one),
        lambda spool, one: spool.find(),
    ],
    ids=["add", "take", "fence", "settle", "get", "find"],
)
async def test_a_connection_that_ends_just_before_a_command_is_a_spool_that_does_not_answer(
    ask, tmp_path, monkeypatch
):
    """Some loops raise no OSError there."""
    send = AbstractConnection.send_packed_command

    async def ends(self, command, *args, **named):
        self._writer.transport.abort()
        await asyncio.sleep(0.001)
        await send(self, command, *args, **named)

    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        (one,) = await added(spool)
        with monkeypatch.context() as patched:
            patched.setattr(AbstractConnection, "send_packed_command", ends)
            with pytest.raises(SpoolUnavailable):
                await ask(spool, one)
        assert len(await spool.find()) == 1


async def test_a_lane_does_not_wait_for_a_silent_server_call_after_call(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, timeout=0.2) as (spool,):
        await added(spool, lane="a")
        server.freeze()
        began = asyncio.get_running_loop().time()
        adding = [spool.add(delivery(NOW, lane="a")) for _ in range(10)]
        said = await asyncio.gather(*adding, return_exceptions=True)
        took = asyncio.get_running_loop().time() - began
        server.thaw()
        assert {type(one) for one in said} == {SpoolUnavailable}
        assert took < 3.0  # the time of two calls, not of ten: each tries twice
        await asyncio.sleep(0.1)
        await added(spool, lane="a")


async def test_a_silent_server_does_not_hold_up_the_end(tmp_path):
    async with redis_server(tmp_path) as server, spools(server, timeout=5.0) as (spool,):
        await added(spool)
        await spool.take(NOW, 10)
        server.freeze()
        began = asyncio.get_running_loop().time()
        await spool.close()
        took = asyncio.get_running_loop().time() - began
        server.thaw()
        assert took < 4.0


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
