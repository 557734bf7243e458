"""A private redis-server that writes all it is told to its disk, and reads it when it starts."""

import asyncio
import subprocess

from tests.support.redis import RedisProcess


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
