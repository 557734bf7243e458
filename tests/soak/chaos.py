"""What is done to the sidecar and to those around it: each fault by name, for so many seconds."""

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.simulation.applications import Applications
from tests.soak.subject import ROOT, Subject
from tests.support.redis import RedisProcess

CALM = (
    "reload", "reload-invalid", "refused", "redis-frozen", "resets", "disk-full",
    "hangs", "redis-restarted", "throttled", "clock-forward", "errors", "clock-back", "rush",
)  # fmt: skip
"""What the process lives through; memory and files are judged over these."""
DEADLY = ("killed", "terminated", "killed-in-outage", "killed-with-redis")
"""What it does not."""


class Providers:
    """The process of the simulated providers."""

    def __init__(self, rows: int, messages: int) -> None:
        self._ports = (str(rows), str(messages))
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Run them, until they serve."""
        program = (sys.executable, "-m", "tests.soak.providers", *self._ports)
        self._process = await asyncio.create_subprocess_exec(
            *program, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=2**24
        )
        assert self._process.stdout is not None
        assert await self._process.stdout.readline() == b"ready\n"

    async def tell(self, **asked: Any) -> dict[str, Any]:
        """Have them be different; what they have seen."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        async with self._turn:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            found: dict[str, Any] = json.loads(await process.stdout.readline())
            return found

    async def close(self) -> None:
        """End them."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()


class Disk:
    """A small file system for the spool; without the right to make one, a plain folder."""

    def __init__(self, folder: Path, size: str = "48m") -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(self.folder)]
        self.is_small = (
            os.geteuid() == 0
            and not subprocess.run(mount, capture_output=True, check=False).returncode
        )

    def fill(self) -> None:
        """Leave no byte free."""
        with suppress(OSError), (self.folder / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 65536)
        with suppress(OSError), (self.folder / "filler").open("ab", buffering=0) as file:
            while True:
                file.write(b"x")

    def empty(self) -> None:
        """Make room again."""
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        """Give it back."""
        if self.is_small:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


class Calendar:
    """The wall clock of the sidecar; its monotonic clock stays the machine's."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(struct.pack("<d", 0.0))
        self.environment = {
            "PYTHONPATH": str(Path(__file__).parent / "settable_clock"),
            "SOAK_CLOCK": str(self._file),
        }

    def set(self, seconds: float) -> None:
        """So much later, or earlier, than it is."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("<d", seconds))


class Chaos:
    """All faults. Each method is one, named as in `CALM` and `DEADLY` with `_` for `-`."""

    def __init__(
        self,
        subject: Subject,
        providers: Providers,
        redis: RedisProcess,
        disk: Disk,
        calendar: Calendar,
        applications: Applications,
    ) -> None:
        self._subject = subject
        self._providers = providers
        self._redis = redis
        self._disk = disk
        self._calendar = calendar
        self._applications = applications
        self._reloads = 0
        self.exits: list[int] = []
        """Exit codes after SIGTERM."""

    def why_not(self, name: str) -> str | None:
        """Why a fault cannot be made here."""
        if name == "disk-full" and not self._disk.is_small:
            return "only root can make a small file system"
        return None

    async def make(self, name: str, seconds: float) -> None:
        """Make it, and end it."""
        of: dict[str, Callable[[float], Awaitable[None]]] = {
            "reload": self._reload,
            "reload-invalid": self._reload_invalid,
            "redis-frozen": self._redis_frozen,
            "redis-restarted": self._redis_restarted,
            "disk-full": self._disk_full,
            "clock-forward": lambda _: self._clock(900),
            "clock-back": lambda _: self._clock(-900),
            "rush": self._rush,
            "killed": lambda _: self._killed(),
            "terminated": self._terminated,
            "killed-in-outage": self._killed_in_outage,
            "killed-with-redis": self._killed_with_redis,
        }
        if name in of:
            await of[name](seconds)
        else:
            await self._be(name)
            await asyncio.sleep(seconds)
            await self._be("well")

    async def _be(self, mood: str) -> None:
        await self._providers.tell(mood={"rows": mood, "messages": mood})

    async def _reload(self, seconds: float) -> None:
        self._reloads += 1
        even = self._reloads % 2 == 0
        self._subject.write(attempts=3 if even else 2, ttl="5s" if even else "3s")
        self._subject.signal(signal.SIGHUP)
        await asyncio.sleep(min(seconds, 1.0))

    async def _reload_invalid(self, seconds: float) -> None:
        self._subject.break_file()
        self._subject.signal(signal.SIGHUP)
        await asyncio.sleep(min(seconds, 1.0))
        self._subject.write()

    async def _redis_frozen(self, seconds: float) -> None:
        self._redis.freeze()
        await asyncio.sleep(seconds)
        self._redis.thaw()

    async def _redis_restarted(self, seconds: float) -> None:
        self._redis.kill()
        await asyncio.sleep(seconds / 2)
        await self._redis.start()

    async def _disk_full(self, seconds: float) -> None:
        self._disk.fill()
        await asyncio.sleep(seconds)
        self._disk.empty()

    async def _clock(self, seconds: int) -> None:
        self._calendar.set(seconds)
        await asyncio.sleep(1.5)
        self._calendar.set(0)

    async def _rush(self, seconds: float) -> None:
        rate, self._applications.rate = self._applications.rate, self._applications.rate * 4
        await asyncio.sleep(seconds)
        self._applications.rate = rate

    async def _killed(self) -> None:
        self._applications.address = None
        await self._subject.end(signal.SIGKILL)
        await self._start()

    async def _start(self) -> None:
        await self._providers.tell(life=self._subject.starts + 1)
        await self._subject.start()
        self._applications.address = self._subject.address

    async def _terminated(self, _: float) -> None:
        ending = asyncio.ensure_future(self._subject.end(signal.SIGTERM))
        await asyncio.sleep(0.2)  # it still serves
        self._applications.address = None
        self.exits.append(await ending)
        await self._start()

    async def _killed_in_outage(self, seconds: float) -> None:
        await self._be("hangs")
        await asyncio.sleep(seconds / 2)
        await self._killed()
        await self._be("well")

    async def _killed_with_redis(self, _: float) -> None:
        self._redis.kill()
        await self._killed()
        await self._redis.start()
