"""The real sidecar, as a process of its own in front of the simulated providers.

A process, so that its work is apart from that of the load and the simulators, and so that what
is shown is `sidecar run` and nothing else.
"""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yaml

from sidecar.demo.targets import Provider

PREFERRED = (8080, 9090)
START_TIMEOUT = 15.0
STOP_TIMEOUT = 5.0
DRAIN_TIMEOUT = 1.0
_TAIL = 20
_PRESETS: Mapping[Provider, str] = {
    "supabase": "supabase",
    "whatsapp": "whatsapp",
    "whatsapp-media": "whatsapp",
    "gemini": "gemini",
}


class StartError(Exception):
    """The sidecar did not become ready; the message ends with what it wrote."""


@dataclass(frozen=True, slots=True)
class Child:
    """A sidecar that is ready."""

    process: asyncio.subprocess.Process
    proxy: str
    ops: str
    config: Path
    log: Path
    moved: bool
    """Whether the usual ports were taken, so that these are others."""

    def last_words(self) -> str:
        """The end of its log."""
        return _tail(self.log)


def configuration(
    upstreams: Mapping[Provider, str],
    *,
    proxy: int,
    ops: int,
    timeouts: Mapping[Provider, Mapping[str, float]],
) -> str:
    """The YAML of the demonstration.

    Args:
        upstreams: URL by name.
        proxy: port of the proxy listener.
        ops: port of the ops listener.
        timeouts: seconds by upstream and timer, where the preset's are not wanted.
    """
    described = {
        name: {
            "preset": _PRESETS[name],
            "url": url,
            "timeouts": {timer: _duration(value) for timer, value in timeouts[name].items()},
        }
        for name, url in upstreams.items()
    }
    document = {
        "listen": {"proxy": f"127.0.0.1:{proxy}", "ops": f"127.0.0.1:{ops}"},
        "drain_timeout": _duration(DRAIN_TIMEOUT),
        "log": {"format": "text", "level": "info"},
        "upstreams": described,
    }
    return yaml.safe_dump(document, sort_keys=False)


@asynccontextmanager
async def child(
    upstreams: Mapping[Provider, str], *, timeouts: Mapping[Provider, Mapping[str, float]]
) -> AsyncIterator[Child]:
    """Run `sidecar run` until the block ends.

    Raises:
        StartError: it ended, or was not ready in time.
    """
    with tempfile.TemporaryDirectory(prefix="sidecar-demo-") as folder:
        proxy, ops, moved = _ports()
        text = configuration(upstreams, proxy=proxy, ops=ops, timeouts=timeouts)
        config, log = _write(folder, text), Path(folder, "sidecar.log")
        process = await _start(config, log)
        try:
            ops_url = f"http://127.0.0.1:{ops}"
            await _ready(process, f"{ops_url}/health/ready", log)
            yield Child(process, f"http://127.0.0.1:{proxy}", ops_url, config, log, moved)
        finally:
            await _stop(process)


def _write(folder: str, text: str) -> Path:
    path = Path(folder, "sidecar.yaml")
    path.write_text(text)
    return path


def _duration(value: float) -> str:
    return f"{max(1, round(value * 1000))}ms"


def _ports() -> tuple[int, int, bool]:
    """The usual ports when both are free, otherwise two that are."""
    for wanted in (PREFERRED, (0, 0)):
        with suppress(OSError), _bound(wanted[0]) as proxy, _bound(wanted[1]) as ops:
            return proxy.getsockname()[1], ops.getsockname()[1], wanted != PREFERRED
    raise StartError("no free port on 127.0.0.1")


def _bound(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


async def _start(config: Path, log: Path) -> asyncio.subprocess.Process:
    # Settings in the environment are for the user's own sidecar, not for this one. A session of
    # its own keeps Ctrl-C from it: the demonstration ends it, last.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIDECAR_")}
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a folder named `sidecar` where this is started is not the program
            "-m",
            "sidecar",
            "run",
            "-c",
            str(config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )


async def _ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT
    async with aiohttp.ClientSession() as session:
        while process.returncode is None and asyncio.get_running_loop().time() < deadline:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url, timeout=aiohttp.ClientTimeout(total=1)) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)
    raise StartError(f"the sidecar did not become ready:\n{_tail(log)}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    for end in (process.terminate, process.kill):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            end()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT)


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-_TAIL:]) or "(it wrote nothing)"
