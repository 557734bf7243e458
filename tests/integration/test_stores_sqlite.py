"""A real file as the shared store: damaged, full, locked, and its writer killed."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest

from sidecar.clock import SystemClock
from sidecar.config.stores import SqliteStore
from sidecar.store.sqlite import SqliteFile
from sidecar.store.sqlite_table import Table
from sidecar.telemetry.store_stats import StoreStats
from tests.support.proxied import soon
from tests.support.shared_stores import NOISE, SLOW, cost, idle, opened, sqlite


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
