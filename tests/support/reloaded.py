"""A sidecar in the test's event loop whose configuration is a file, so that it can be reloaded."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.sidecar import START_TIMEOUT, Running

if TYPE_CHECKING:
    from sidecar.reloading import Outcome

HEAD = """\
listen: {proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: "127.0.0.1:0"}
log: {level: error}
"""


class FromFile:
    """The running sidecar, and its file."""

    def __init__(self, running: Running, file: Path) -> None:
        self.running = running
        self.sidecar = running.sidecar
        self.file = file

    async def reload(self, text: str | None = None) -> "Outcome":
        """Write the file anew, and have it read."""
        if text is not None:
            self.file.write_text(text)
        return await self.sidecar.reloading.reload("test")

    async def metric(self, name: str) -> dict[str, float]:
        """The samples of a metric by their labels as text."""
        body, _ = await asyncio.to_thread(self.sidecar.metrics.render)
        lines = (line for line in body.decode().splitlines() if line.startswith(name))
        return {
            line.rpartition(" ")[0].removeprefix(name): float(line.rpartition(" ")[2])
            for line in lines
            if line.removeprefix(name)[:1] in ("{", " ")
        }


@asynccontextmanager
async def from_file(file: Path, text: str) -> AsyncIterator[FromFile]:
    """Start with this configuration."""
    from sidecar.app import Sidecar
    from sidecar.commands.run import as_read, fresh
    from sidecar.loader import load

    file.write_text(text)
    found = load(file)
    sidecar = Sidecar(as_read(file, found), source=lambda: fresh(file))
    await asyncio.wait_for(sidecar.start(), START_TIMEOUT)
    try:
        yield FromFile(Running(sidecar), file)
    finally:
        await asyncio.wait_for(sidecar.close(), START_TIMEOUT)


def swap_link(link: Path, target: Path) -> None:
    """Turn a symbolic link at one stroke, as Kubernetes does with a ConfigMap."""
    new = link.with_name(f".{link.name}.new")
    new.symlink_to(target)
    os.replace(new, link)  # noqa: PTH105 - Path.replace is the same, and reads worse
