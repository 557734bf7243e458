"""Twenty thousand deliveries in a file, and the memory of the process that holds them."""

import asyncio
import subprocess
import sys
import textwrap
import time

import pytest

from tests.support.tools import missing

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
