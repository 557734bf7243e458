"""The spool in a file, with real processes that are killed and real disks that are full."""

import asyncio
import os
import subprocess
import sys
import textwrap
import time

import pytest

from sidecar.config.spool import SqliteSpool
from sidecar.spool import Added, Answer, Full, Settlement, SpoolUnavailable
from sidecar.spool.opening import make_spool
from tests.support.small_disk import small_disk
from tests.support.spools import delivery
from tests.support.tools import missing

NOW = 1_700_000_000.0


async def filled(spool):
    """Add until there is no room; the ids."""
    ids = []
    while True:
        new = delivery(NOW, body=os.urandom(40_000))
        said = await spool.add(new)
        if not isinstance(said, Added):
            assert said == Full("disk")
            return ids
        ids.append(new.id)


async def test_on_a_full_disk_deliveries_go_on_and_when_there_is_room_calls_are_accepted(tmp_path):
    disk = tmp_path / "disk"
    with small_disk(disk, "48m") as change:
        config = SqliteSpool(path=str(disk / "spool.db"))
        spool = make_spool(config)
        await spool.open()
        await spool.recover(NOW)
        ids = await filled(spool)
        assert len(ids) > 300
        delivered = set()
        for _ in range(100):
            taken = await spool.take(NOW, 1)
            assert await spool.fence([taken[0].id], NOW) == {taken[0].id}
            answer = Answer(200, [], b"x" * 2000)
            told = Settlement(state="delivered", now=NOW, answer=answer)
            assert await spool.settle(taken[0].id, told)
            delivered.add(taken[0].id)
        await spool.close()
        spool = make_spool(config)  # it starts on a disk that is full, too
        await spool.open()
        await spool.recover(NOW)
        assert await spool.add(delivery(NOW)) == Full("disk")
        assert (await spool.figures(NOW)).counts["delivered"] == 100
        change("size=96m")
        ids += await filled(spool)
        found = {one.id: one.state for one in await spool.find(most=5000)}
        assert sorted(found) == sorted(ids)
        assert {one for one, state in found.items() if state == "delivered"} == delivered
        await spool.close()


async def test_a_disk_that_turns_read_only_refuses_and_loses_nothing(tmp_path):
    disk = tmp_path / "disk"
    with small_disk(disk, "64m"):
        path = str(disk / "spool.db")
        spool = make_spool(SqliteSpool(path=path))
        await spool.open()
        new = delivery(NOW)
        await spool.add(new)
        await spool.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(SpoolUnavailable):
            await make_spool(SqliteSpool(path=path)).open()
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        spool = make_spool(SqliteSpool(path=path))
        await spool.open()
        assert (await spool.get(new.id)).body == new.body
        await spool.close()


MANY = textwrap.dedent("""
    import asyncio, itertools, sys, time
    from pathlib import Path
    from sidecar.config.spool import SqliteSpool
    from sidecar.spool import Settlement
    from sidecar.spool.opening import make_spool
    from tests.support.spools import delivery

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    async def main():
        spool = make_spool(SqliteSpool(path=sys.argv[1]))
        await spool.open()
        await spool.recover(1000.0)
        count, numbers = int(sys.argv[2]), itertools.count()
        before = 0

        async def fill():
            nonlocal before
            while (number := next(numbers)) < count:
                await spool.add(delivery(1000.0, lane=str(number % 500), body=bytes(1000)))
                if number == 2000:
                    before = resident()

        await asyncio.gather(*(fill() for _ in range(200)))
        done = 0
        while taken := await spool.take(1000.0, 100):
            ids = await spool.fence([one.id for one in taken], 1000.0)
            told = Settlement(state="delivered", now=1000.0)
            await asyncio.gather(*(spool.settle(one, told) for one in ids))
            done += len(ids)
        print(done, resident() - before)
        await spool.close()

    asyncio.run(main())
""")


async def test_what_waits_is_on_the_disk_and_not_in_memory(tmp_path):
    pytest.importorskip("resource")
    if not sys.platform.startswith("linux"):
        missing("/proc/self/statm")
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MANY, str(tmp_path / "spool.db"), "20000", stdout=subprocess.PIPE
    )
    said, _ = await process.communicate()
    done, grown = map(int, said.split())
    assert done == 20_000
    assert grown < 8 * 1024 * 1024  # of 20 MB
    assert time.monotonic() - started < 50
