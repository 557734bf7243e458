"""What a process costs, read from the kernel: memory and open files."""

import asyncio
import os
from pathlib import Path
from typing import Self

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid: int | str = "self") -> int:
    """Bytes of memory that the process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def open_files(pid: int | str = "self") -> int:
    """How many file descriptors it holds now."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


class PeakMemory:
    """`async with PeakMemory() as peak`; then `peak.growth`, in bytes, sampled as the loop runs."""

    def __init__(self) -> None:
        self._before = resident()
        self.growth = 0
        self._sampler: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._sampler = asyncio.ensure_future(self._sample())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._sampler is not None
        self._sampler.cancel()
        self._note()

    def _note(self) -> None:
        self.growth = max(self.growth, resident() - self._before)

    async def _sample(self) -> None:
        while True:
            self._note()
            await asyncio.sleep(0.01)
