"""A private redis-server on a free port, without persistence; it can be stopped, frozen, killed."""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.tools import missing


class RedisProcess:
    """The server as a process. `url` is the same after `kill` and `start`."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Run it, until it answers.

        Raises:
            TimeoutError: it does not, within ten seconds.
        """
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
        self._process = subprocess.Popen(
            [self._program, *options, "--appendonly", "no", "--daemonize", "no"],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while not await self._answers():
                await asyncio.sleep(0.02)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.write(b"PING\r\n")
        answered = await reader.readline() == b"+PONG\r\n"
        writer.close()
        return answered

    def freeze(self) -> None:
        """It accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once; idempotent. What it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[RedisProcess]:
    """A server for one test, in `folder`; without the program, the test is skipped."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server")
    server = RedisProcess(str(program), folder)
    try:
        await server.start()
        yield server
    finally:
        server.kill()
