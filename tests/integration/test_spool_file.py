"""The spool in a file, on real disks that are full or read-only."""

import os
import subprocess

import pytest

from sidecar.config.spool import SqliteSpool
from sidecar.spool import Added, Answer, Full, Settlement, SpoolUnavailable
from sidecar.spool.opening import make_spool
from tests.support.small_disk import small_disk
from tests.support.spools import delivery

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
