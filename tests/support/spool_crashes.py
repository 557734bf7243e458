"""Runs processes that work with a spool, kills them, and judges what is left."""

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

from sidecar.spool import Delivery
from tests.support.spool_worker import spool_at


class Crashes:
    """Workers with one spool.

    Args:
        folder: where they say what they did.
        where: the spool.
    """

    def __init__(self, folder: Path, where: str) -> None:
        self._folder = folder
        self._where = where

    async def worker(self, *options: str) -> asyncio.subprocess.Process:
        """One more, at work."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.spool_worker",
            str(self._folder),
            self._where,
            *options,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return process

    async def settled(self, within: float = 30.0) -> None:
        """Wait until nothing is queued or being sent, with a worker that only empties it."""
        last = await self.worker()
        spool = spool_at(self._where)
        await spool.open()
        try:
            async with asyncio.timeout(within):
                while True:
                    counts = (await spool.figures(time.time())).counts
                    if not counts["queued"] + counts["sending"]:
                        break
                    await asyncio.sleep(0.02)
        finally:
            await kill(last)
            await spool.close()

    async def judge(self) -> Counter[str]:
        """See that nothing was lost or doubled, and lanes kept their order; how many of each state.

        What was being sent when its worker was killed is `unknown`, whether it was sent or not.
        """
        accepted, sent = self._lines("accepted"), self._lines("sent")
        spool = spool_at(self._where)
        await spool.open()
        try:
            kept = {one: await spool.get(one) for one, _ in accepted}
            assert [one for one, delivery in kept.items() if delivery is None] == [], "lost"
            found: dict[str, Delivery] = {one: d for one, d in kept.items() if d is not None}
            times = Counter(one for one, _ in sent)
            assert [one for one, count in times.items() if count > 1] == [], "doubled"
            for one, delivery in found.items():
                assert delivery.state in ("delivered", "unknown")
                assert delivery.state == "unknown" or times[one] == 1
            for lane in {lane for _, lane in sent if lane}:
                order = [one for one, its in sent if its == lane]
                assert order == sorted(order), "out of order"
            assert not (await spool.figures(time.time())).counts["failed"]
            return Counter(delivery.state for delivery in found.values())
        finally:
            await spool.close()

    def _lines(self, name: str) -> list[tuple[str, str]]:
        lines = (self._folder / name).read_text().split("\n")[:-1]
        return [(line.split(" ")[0], line.split(" ")[1]) for line in lines]


async def kill(process: asyncio.subprocess.Process) -> None:
    """At once, and see it gone."""
    process.kill()
    await process.communicate()
