"""Processes at work on one spool are killed: nothing is lost, and nothing is delivered twice."""

import asyncio
import random

from tests.support.spool_crashes import Crashes, kill
from tests.support.spool_redis import durable


async def test_processes_that_are_killed_while_they_work_lose_nothing_and_double_nothing(tmp_path):
    crashes = Crashes(tmp_path, str(tmp_path / "spool.db"))
    dice = random.Random(7)
    for _ in range(15):
        worker = await crashes.worker("add")
        await asyncio.sleep(dice.uniform(0.0, 0.2))
        await kill(worker)
    await crashes.settled()
    states = await crashes.judge()
    assert states["delivered"] > 200
    assert states["unknown"] <= 15 * 10  # as many as one takes at a time


async def test_of_several_at_work_on_one_file_another_takes_over_from_the_one_that_is_killed(
    tmp_path,
):
    crashes = Crashes(tmp_path, str(tmp_path / "spool.db"))
    workers = [await crashes.worker("add") for _ in range(2)]
    for _ in range(4):
        await asyncio.sleep(0.1)
        await kill(workers.pop(0))
        workers.append(await crashes.worker("add"))
    for worker in workers:
        await kill(worker)
    await crashes.settled()
    assert (await crashes.judge())["delivered"] > 100


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
