"""The shared stores as they are: real files, a real Redis, and what may happen to both."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import asynccontextmanager

import pytest

from sidecar.clock import SystemClock
from sidecar.config.ledger import Ledger as LedgerConfig
from sidecar.config.redis_address import RedisUrl
from sidecar.config.stores import RedisStore, SqliteStore, Stores
from sidecar.core.ledger import Ledger
from sidecar.core.ledger_key import LedgerKeys
from sidecar.errors import BadRequest
from sidecar.exchange import stack
from sidecar.layers.ledger import Parts, ledger
from sidecar.store.ledger import SharedLedger
from sidecar.store.opening import digest_secret, make_shared
from sidecar.store.sqlite import SqliteFile
from sidecar.store.sqlite_table import Table
from sidecar.telemetry.ledger_stats import LedgerStats
from sidecar.telemetry.store_stats import StoreStats
from tests.support.builders import exchange, request, response
from tests.support.proxied import soon
from tests.support.redis import redis_server

SLOW = 0.06
"""Seconds that a dead store may cost."""
NOISE = 0.1
"""What a busy machine may add to that."""


@asynccontextmanager
async def opened(config, *, start=True):
    store = make_shared(Stores(shared=config), SystemClock(), StoreStats())
    if start:
        await store.start()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=["sqlite", "redis"])
async def config(request, tmp_path):
    if request.param == "sqlite":
        yield SqliteStore(path=str(tmp_path / "deep" / "store.db"))
    else:
        async with redis_server(tmp_path) as server:
            yield RedisStore(url=RedisUrl(server.url), prefix="test")


async def cost(operation):
    start = time.perf_counter()
    await operation
    return time.perf_counter() - start


async def idle(store):
    await soon(lambda: not store.stats.pending)


# Both kinds.


async def test_what_one_writes_the_other_finds(config):
    async with opened(config) as one, opened(config) as other:
        await one.set("a", b"\x00\xffvalue", 60.0)
        await idle(one)
        assert await other.get("a") == b"\x00\xffvalue"
        await other.delete("a")
        await idle(other)
        assert await one.get("a") is None
        assert not one.stats.failures


async def test_only_one_of_many_adds_a_key(config):
    async with opened(config) as one, opened(config) as other:
        adding = [store.add("a", b"%d" % n, 60.0) for n in range(10) for store in (one, other)]
        assert sorted(await asyncio.gather(*adding)) == [False] * 19 + [True]


async def test_a_value_ends_with_its_time_and_may_be_added_again(config):
    async with opened(config) as store:
        assert await store.add("a", b"1", 0.15) is True
        assert await store.add("a", b"2", 60.0) is False
        await asyncio.sleep(0.2)
        assert await store.get("a") is None
        assert await store.add("a", b"3", 60.0) is True
        assert await store.get("a") == b"3"


async def test_several_keys_are_read_at_once(config):
    async with opened(config) as store:
        await store.set("a", b"1", 60.0)
        await store.add("b", b"2", 0.15)
        await idle(store)
        assert await store.get_all(["a", "b", "c"]) == [b"1", b"2", None]
        await asyncio.sleep(0.2)
        assert await store.get_all(["b", "a"]) == [None, b"1"]


async def test_reading_after_waits_were_cut_off_gives_the_right_answers(config):
    async with opened(config) as store:
        for number in range(50):
            store.soon(str(number), b"%d" % number, 60.0)
        await idle(store)
        reads = [asyncio.ensure_future(store.get(str(n % 50))) for n in range(200)]
        await asyncio.sleep(0.002)
        for read in reads[::3]:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
        assert [await store.get(str(n)) for n in range(50)] == [b"%d" % n for n in range(50)]


async def test_a_store_that_is_closed_is_a_miss(config):
    async with opened(config) as store:
        await store.close()
        assert await store.get("a") is None
        assert await store.add("a", b"1", 1.0) is None
        await store.set("a", b"1", 1.0)


# SQLite.


def sqlite(tmp_path, **settings):
    return SqliteStore(path=str(tmp_path / "store.db"), **settings)


async def test_what_was_written_is_there_after_a_restart(tmp_path):
    async with opened(sqlite(tmp_path)) as store:
        await store.set("a", b"1", 60.0)
    async with opened(sqlite(tmp_path)) as store:
        assert await store.get("a") == b"1"


async def test_a_file_that_is_no_database_is_moved_aside(tmp_path, caplog):
    path = tmp_path / "store.db"
    path.write_bytes(b"this is no database" * 500)
    async with opened(sqlite(tmp_path)) as store:
        assert store.up
        assert await store.add("a", b"1", 60.0) is True
    assert (tmp_path / "store.db.corrupt").read_bytes().startswith(b"this is no")
    assert [record.msg for record in caplog.records] == ["store_corrupt"]


async def test_a_file_that_another_process_has_begun_anew_is_not_moved_aside(tmp_path, monkeypatch):
    path = tmp_path / "store.db"
    path.write_bytes(b"this is no database" * 1000)
    one, other = (SqliteFile(str(path), 1 << 20, SystemClock(), StoreStats()) for _ in range(2))
    open_table = Table.open

    async def late(table):
        try:
            await open_table(table)
        except sqlite3.DatabaseError:
            monkeypatch.undo()
            await other.open()
            await other.set("k", b"v", 60.0)
            raise

    monkeypatch.setattr(Table, "open", late)
    await one.open()
    assert await one.get("k") == b"v"
    await one.close()
    await other.close()


async def test_a_file_that_is_damaged_in_use_is_replaced(tmp_path, caplog):
    async with opened(sqlite(tmp_path)) as store:
        for number in range(2000):
            store.soon(str(number), bytes(500), 60.0)
        await idle(store)
    path = tmp_path / "store.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * (size - 3 * 4096))
    async with opened(sqlite(tmp_path)) as store:
        assert [await store.get(str(n)) for n in range(0, 2000, 100)] == [None] * 20
        await soon(lambda: store.up and (tmp_path / "store.db.corrupt").exists())
        assert await store.add("a", b"1", 60.0) is True
    assert [r.msg for r in caplog.records].count("store_corrupt") == 1


async def test_a_file_that_cannot_be_opened_is_as_good_as_an_empty_store(tmp_path):
    (tmp_path / "store.db").mkdir()
    async with opened(sqlite(tmp_path)) as store:
        assert not store.up
        assert await cost(store.get("a")) < SLOW
        assert await store.add("a", b"1", 1.0) is None


async def test_what_expired_is_thrown_out_and_the_file_stays_small(tmp_path):
    async with opened(sqlite(tmp_path, max_size=1 << 20)) as store:
        for number in range(1000):
            store.soon(f"short{number}", bytes(1000), 0.05)
        await idle(store)
        await asyncio.sleep(0.06)
        for number in range(3000):
            store.soon(f"long{number}", bytes(1000), 60.0)
        await idle(store)
        await store._backend.sweep()
        assert store.stats.bytes <= 1 << 20
        assert 0 < store.stats.entries < 1500
        assert await store.get("long2999") is not None
        assert await store.get("long0") is None
        assert store.stats.evicted
    assert (tmp_path / "store.db").stat().st_size <= 1.5 * (1 << 20)


async def test_while_another_process_writes_for_long_reading_costs_nothing(tmp_path):
    async with opened(sqlite(tmp_path)) as store:
        await store.set("a", b"1", 60.0)
        await idle(store)
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            assert await store.get("a") == b"1"
            start = time.perf_counter()
            assert await store.add("b", b"1", 60.0) is None
            assert time.perf_counter() - start < SLOW + NOISE
            await store.set("c", b"1", 60.0)
            assert await store.get("c") == b"1"
        finally:
            other.execute("ROLLBACK")
            other.close()
        await idle(store)


async def test_a_file_tells_whether_anybody_else_has_written(tmp_path):
    async with opened(sqlite(tmp_path)) as one, opened(sqlite(tmp_path)) as other:
        before = await one.version()
        await one.set("a", b"1", 60.0)
        await idle(one)
        await one._backend.sweep()
        assert await one.get("a") == b"1"
        assert await one.version() == before
        await other.set("b", b"1", 60.0)
        await idle(other)
        assert await one.version() != before


async def test_what_is_to_stay_for_ever_stays_where_there_is_no_room(tmp_path):
    async with opened(sqlite(tmp_path, max_size=1 << 20)) as store:
        await store.add("pinned", b"1", 3650 * 86400.0)
        for number in range(3000):
            store.soon(str(number), bytes(1000), 60.0)
        await idle(store)
        await store._backend.sweep()
        assert await store.get("0") is None
        assert await store.get("pinned") == b"1"


WRITER = textwrap.dedent("""
    import asyncio, sys
    from sidecar.clock import SystemClock
    from sidecar.config.stores import SqliteStore, Stores
    from sidecar.store.opening import make_shared
    from sidecar.telemetry.store_stats import StoreStats

    async def main():
        config = Stores(shared=SqliteStore(path=sys.argv[1], timeout=5.0))
        store = make_shared(config, SystemClock(), StoreStats())
        await store.start()
        number = 0
        while True:
            assert await store.add(str(number), b"%d" % number * 50, 3600.0)
            print(number, flush=True)
            number += 1

    asyncio.run(main())
""")


@pytest.mark.parametrize("after", [1, 40, 300])
async def test_a_process_that_is_killed_while_it_writes_leaves_all_that_it_had_written(
    tmp_path, after
):
    path = str(tmp_path / "store.db")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, path, stdout=subprocess.PIPE
    )
    told = -1
    while told < after:
        told = int(await process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    rest = await process.stdout.read()
    await process.wait()
    told = max([told, *map(int, rest.split()[:-1])])
    async with opened(SqliteStore(path=path, timeout=5.0)) as store:
        for number in range(told + 1):
            assert await store.get(str(number)) == b"%d" % number * 50
        assert await store.add("new", b"1", 60.0) is True
        assert not store.stats.failures
    assert not (tmp_path / "store.db.corrupt").exists()


# Redis.


def redis(server, **settings):
    return RedisStore(url=RedisUrl(server.url), **settings)


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


# The ledger on them.


class Upstream:
    def __init__(self):
        self.sent = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, subject):
        self.sent += 1
        subject.timeline.sent_at = 1.0
        await self.open.wait()
        return response(201, b"made %d" % self.sent)


@asynccontextmanager
async def sidecar(config, upstream, **settings):
    """The ledger's layer of one sidecar, as a function that makes a call."""
    clock, settings = SystemClock(), LedgerConfig(**{"honoured": False, **settings})
    async with opened(config) as store:
        parts = Parts(
            config=settings,
            keys=LedgerKeys(settings.header, digest_secret(Stores(shared=config))),
            ledger=Ledger(settings.keep, settings.max_size, honoured=settings.honoured),
            stats=LedgerStats(),
            clock=clock,
            shared=SharedLedger(store, settings.keep, clock),
        )
        handler = stack(ledger(parts), on=upstream)

        async def call(key=b"k", left=30.0):
            fields = [(b"Idempotency-Key", key), (b"Authorization", b"Bearer s3cret")]
            subject = exchange(
                request("POST", "/messages", fields, b"{}"), deadline=clock.now() + left
            )
            answer = await handler(subject)
            body = await answer.body.read()
            assert await answer.body.read() == b""
            answer.close()
            return body

        call.store = store
        yield call


async def test_two_sidecars_and_one_after_a_restart_send_a_message_once(config):
    upstream = Upstream()
    upstream.open.clear()
    async with sidecar(config, upstream) as one, sidecar(config, upstream) as other:
        calls = [asyncio.ensure_future(call()) for call in (one, other) for _ in range(5)]
        await asyncio.sleep(0.3)
        assert upstream.sent == 1
        upstream.open.set()
        assert await asyncio.gather(*calls) == [b"made 1"] * 10
    async with sidecar(config, upstream) as restarted:
        assert await restarted() == b"made 1"
        assert await restarted(key=b"other") == b"made 2"


async def test_a_call_whose_sidecar_died_is_never_made_again(config):
    upstream = Upstream()
    upstream.open.clear()
    async with sidecar(config, upstream) as one:
        died = asyncio.ensure_future(one(left=-4.9))
        await soon(lambda: upstream.sent == 1)
        await asyncio.sleep(0.2)
        async with sidecar(config, upstream) as restarted:
            with pytest.raises(BadRequest) as caught:
                await restarted()
        died.cancel()
        await asyncio.gather(died, return_exceptions=True)
    assert caught.value.code == "idempotency_unknown"
    assert upstream.sent == 1


async def test_nothing_of_the_caller_is_in_the_file(tmp_path):
    async with sidecar(sqlite(tmp_path), Upstream()) as call:
        await call(key=b"order-4711")
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"made 1" in data
    assert b"4711" not in data
    assert b"s3cret" not in data


async def test_without_its_store_a_sidecar_still_sends_once(tmp_path):
    upstream = Upstream()
    async with redis_server(tmp_path) as server, sidecar(redis(server), upstream) as call:
        server.freeze()
        try:
            start = time.perf_counter()
            assert await call() == b"made 1"
            assert time.perf_counter() - start < SLOW + NOISE
            assert await call() == b"made 1"
        finally:
            server.thaw()
    assert upstream.sent == 1
