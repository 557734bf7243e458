"""A real Redis as the shared store: gone, hanging, full, and with a password."""

import asyncio

from sidecar.config.redis_address import RedisUrl
from sidecar.config.stores import RedisStore
from tests.support.proxied import soon
from tests.support.redis import redis_server
from tests.support.shared_stores import NOISE, PATIENCE, SLOW, cost, idle, opened, redis


async def test_a_redis_that_is_gone_costs_nothing_and_comes_back(tmp_path, caplog):
    caplog.set_level("INFO")
    async with redis_server(tmp_path) as server, opened(redis(server)) as store:
        await store.set("a", b"1", 60.0)
        await idle(store)
        server.kill()
        for _ in range(10):
            assert await cost(store.get("a")) < SLOW + NOISE
            assert await cost(store.add("b", b"1", 1.0)) < SLOW + NOISE
            assert await cost(store.set("c", b"1", 60.0)) < SLOW
        assert not store.up
        await server.start()
        await soon(lambda: store.up, within=10)
        await idle(store)
        assert await store.get("c") == b"1"
        names = [record.msg for record in caplog.records]
        assert names == ["store_up", "store_down", "store_up"]


async def test_connections_that_the_server_has_ended_are_no_failures_of_it(tmp_path):
    patient = {"timeout": PATIENCE}
    async with redis_server(tmp_path) as server, opened(redis(server, **patient)) as store:
        await asyncio.gather(*(store.get("a") for _ in range(8)))
        server.kill()
        await server.start()
        await asyncio.gather(*(store.get("a") for _ in range(8)))
        assert store.up
        assert sum(store.stats.failures.values()) == 0


async def test_a_redis_that_hangs_costs_its_timeout_three_times_and_then_nothing(tmp_path):
    async with redis_server(tmp_path) as server, opened(redis(server)) as store:
        await store.set("a", b"1", 60.0)
        await idle(store)
        server.freeze()
        try:
            costs = [await cost(store.get("a")) for _ in range(10)]
            assert max(costs) < SLOW + NOISE
            assert sum(cost > 0.01 for cost in costs) == 3
            assert await cost(store.add("b", b"1", 1.0)) < 0.01
        finally:
            server.thaw()
        await soon(lambda: store.up, within=10)
        assert await store.get("a") == b"1"


async def test_a_start_beside_a_frozen_redis_is_not_held_up_for_long(tmp_path):
    async with redis_server(tmp_path) as server, opened(redis(server), start=False) as store:
        server.freeze()
        try:
            assert await cost(store.start()) < 2.5
            assert await store.get("a") is None
        finally:
            server.thaw()


async def test_records_end_by_themselves_under_their_prefix(tmp_path):
    async with (
        redis_server(tmp_path) as server,
        opened(redis(server, prefix="mine")) as store,
        opened(redis(server, prefix="other")) as other,
    ):
        await store.set("a", b"1", 60.0)
        await idle(store)
        assert await other.get("a") is None
        client = store._backend._backend._redis
        assert 59_000 < await client.pttl("mine:a") <= 60_000


async def test_a_redis_that_is_full_stops_nothing(tmp_path):
    async with redis_server(tmp_path) as server, opened(redis(server)) as store:
        await store._backend._backend._redis.config_set("maxmemory", "1")
        assert await store.add("a", b"1", 60.0) is None
        await store.set("b", b"1", 60.0)
        assert await store.get("zz") is None


async def test_a_password_is_shown_nowhere(tmp_path, caplog):
    caplog.set_level("DEBUG")
    config = RedisStore(url=RedisUrl("redis://me:hunter2@127.0.0.1:1/0"))
    async with opened(config) as store:
        await store.get("a")
        shown = f"{store!r} {store._backend!r} {store.snapshot()} {config!r} {caplog.text}"
    for record in caplog.records:
        shown += str(record.__dict__)
    assert "hunter2" not in shown
