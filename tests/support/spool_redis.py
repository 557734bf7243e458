"""Spools of several sidecars in one redis-server, which may write all it is told to its disk."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sidecar.config.redis_address import RedisUrl
from sidecar.config.spool import RedisSpool as RedisSpoolConfig
from sidecar.spool import Added, Settlement
from sidecar.spool.redis import RedisSpool
from sidecar.spool.sealing import NoSeal, Seal
from tests.support.redis import RedisProcess
from tests.support.spools import delivery
from tests.support.tools import missing

NOW = 1_700_000_000.0
DELIVERED = Settlement(state="delivered", now=NOW)


class DurableRedis(RedisProcess):
    """With an append-only file. After `kill`, `start` brings back what was written."""

    fsync = "always"
    more: tuple[str, ...] = ()
    """Further options."""

    async def start(self) -> None:
        """Run it, until it has read its file and answers.

        Raises:
            TimeoutError: it does not, within ten seconds.
        """
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
        durable = ["--appendonly", "yes", "--appendfsync", self.fsync]
        self._process = subprocess.Popen(
            [self._program, *options, *durable, *self.more, "--daemonize", "no"],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while not await self._answers():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def durable(folder: Path, *more: str) -> AsyncIterator[DurableRedis]:
    """One that runs, with further options; the test is skipped where there is no redis-server."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server")
    server = DurableRedis(program, folder)
    server.more = more
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def spools(
    server: RedisProcess, count: int = 1, seal: Seal | None = None, **settings: Any
) -> AsyncIterator[list[RedisSpool]]:
    """The open spools of so many sidecars in one server."""
    settings.setdefault("lease", 0.3)
    settings.setdefault("timeout", 1.0)
    config = RedisSpoolConfig(url=RedisUrl(server.url), **settings)
    made = [RedisSpool(config, seal or NoSeal()) for _ in range(count)]
    try:
        for spool in made:
            await spool.open()
        yield made
    finally:
        for spool in made:
            await spool.close()


async def added(spool: RedisSpool, count: int = 1, **changes: Any) -> list[str]:
    """So many are accepted, one after the other; their ids."""
    new = [delivery(NOW, **changes) for _ in range(count)]
    for one in new:
        assert await spool.add(one) == Added(one.id)
    return [one.id for one in new]


def dies(spool: RedisSpool) -> None:
    """It gives no sign of life any more."""
    assert spool._hand._task is not None
    spool._hand._task.cancel()
