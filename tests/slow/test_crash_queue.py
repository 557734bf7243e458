"""SIGKILL at random moments under load: nothing accepted is lost, nothing is sent twice."""

import asyncio
import os
import random
import shutil

import pytest

from tests.support.crashing import LEASE, crashing, judge_all
from tests.support.spool_redis import DurableRedis
from tests.support.tools import missing

KILLS = int(os.environ.get("SIDECAR_KILLS", "200"))
"""In all, of sidecars with a spool in a file; 1000 in the long run."""
AT_ONCE, SEEDS = 2, 2
EACH = -(-KILLS // (AT_ONCE * SEEDS))
LONGEST = 120 + 8 * EACH * AT_ONCE
"""Seconds."""


async def one(folder, seed):
    folder.mkdir()
    async with crashing(folder) as subject:
        await subject.rounds(EACH, random.Random(seed))
        judge_all(subject, await subject.quiet())
        assert len(subject.acked) > 20 * EACH, "there was load"
        assert await subject.stop() == 0


@pytest.mark.timeout(LONGEST)
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_crashes_lose_nothing_and_double_nothing(tmp_path, seed):
    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(one(tmp_path / str(number), AT_ONCE * seed + number))


@pytest.mark.timeout(LONGEST)
async def test_crashes_of_sidecar_and_server_lose_nothing_and_double_nothing(tmp_path):
    """With the spool in a server that is killed now and then, too, just before the sidecar is."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server")
    server = DurableRedis(program, tmp_path)
    await server.start()

    async def restart():
        server.kill()
        await server.start()

    spool = f'{{kind: redis, url: "redis://127.0.0.1:{server.port}", lease: {LEASE}}}'
    try:
        async with crashing(tmp_path, spool) as subject:
            kills = max(20, EACH // 2)
            await subject.rounds(kills, random.Random(7), restart)
            judge_all(subject, await subject.quiet())
            assert len(subject.acked) > 10 * kills, "there was load"
            assert await subject.stop() == 0
    finally:
        server.kill()
