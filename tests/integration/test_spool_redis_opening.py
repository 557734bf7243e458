"""Which Redis servers are used as a spool, how safe they are said to be, and one started anew."""

import asyncio

import pytest

from sidecar.config.redis_address import RedisUrl
from sidecar.config.spool import RedisSpool as RedisSpoolConfig
from sidecar.spool import SpoolDamaged, SpoolUnavailable
from sidecar.spool.redis import RedisSpool
from sidecar.spool.sealing import KeySeal, NoSeal
from tests.support.redis import redis_server
from tests.support.spool_redis import NOW, added, durable, spools
from tests.support.spools import delivery


async def test_a_server_that_throws_keys_away_is_not_used(tmp_path):
    options = ("--maxmemory", "60mb", "--maxmemory-policy", "allkeys-lru")
    async with durable(tmp_path, *options) as server:
        with pytest.raises(SpoolUnavailable, match="allkeys-lru"):
            async with spools(server):
                pass


async def test_nothing_is_kept_in_or_taken_from_a_server_that_is_not_used(tmp_path):
    options = ("--maxmemory", "60mb", "--maxmemory-policy", "allkeys-lru")
    async with durable(tmp_path, *options) as server:
        spool = RedisSpool(RedisSpoolConfig(url=RedisUrl(server.url)), NoSeal())
        with pytest.raises(SpoolUnavailable, match="allkeys-lru"):
            await spool.open()
        for refused in (spool.add(delivery(NOW)), spool.take(NOW, 1), spool.figures(NOW)):
            with pytest.raises(SpoolUnavailable, match="not open"):
                await refused


async def test_with_another_key_what_is_there_does_not_become_a_dead_letter(tmp_path):
    async with durable(tmp_path) as server:
        async with spools(server, seal=KeySeal(bytes(32))) as (spool,):
            (one,) = await added(spool)
        other = RedisSpool(RedisSpoolConfig(url=RedisUrl(server.url)), KeySeal(b"x" * 32))
        with pytest.raises(SpoolDamaged):  # after a start without the server: it is asked again
            await other.open()
        with pytest.raises(SpoolUnavailable):
            await other.take(NOW, 10)
        async with spools(server, seal=KeySeal(bytes(32))) as (spool,):
            assert [each.id for each in await spool.take(NOW, 10)] == [one]


async def test_how_safe_it_is_is_said_as_it_is(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        assert spool.durability == "redis-memory"
    async with durable(tmp_path) as server, spools(server) as (spool,):
        assert spool.durability == "redis-aof-always"
    async with durable(tmp_path, "--appendfsync", "everysec") as server, spools(server) as (spool,):
        assert spool.durability == "redis-aof-everysec"


async def test_how_safe_it_is_is_asked_again_of_a_server_that_was_started_anew(tmp_path):
    async with durable(tmp_path) as server, spools(server) as (spool,):
        await spool.open()
        assert spool.durability == "redis-aof-always"
        server.kill()
        server.fsync = "everysec"
        await server.start()
        await spool.open()
        assert spool.durability == "redis-aof-everysec"


async def test_connections_that_the_server_has_ended_are_not_used(tmp_path):
    async with durable(tmp_path) as server, spools(server) as (spool,):
        (one,) = await added(spool)
        await asyncio.gather(*(spool.get(one) for _ in range(8)))
        server.kill()
        await server.start()
        found = await asyncio.gather(*(spool.get(one) for _ in range(8)))
        assert [each.id for each in found] == [one] * 8
