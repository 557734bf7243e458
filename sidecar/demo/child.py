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

PREFERRED = (8080, 9090, 9901)
"""Of the proxy, of ops and of admin."""
ANY = (0, 0, 0)
START_TIMEOUT = 15.0
STOP_TIMEOUT = 5.0
DRAIN_TIMEOUT = 1.0
_TAIL = 20

_CACHED: Mapping[Provider, dict[str, object]] = {
    "supabase": {
        "routes": [
            {
                "name": "current-user",
                "match": {"methods": ["GET"], "path": "/auth/v1/user"},
                "cache": {"ttl": "2m", "stale_if_error": "5m"},
            },
            {
                "name": "rest",
                "cache": {
                    "ttl": "1m",
                    "stale_while_revalidate": "1m",
                    "stale_if_error": "24h",
                    "tags": "table",
                },
            },
        ]
    },
    "whatsapp": {"media": {"downloads": "whatsapp-media"}},
    "whatsapp-media": {"cache": {"ttl": "1h", "stale_if_error": "24h"}},
}
"""What is kept of answers, as in config/sidecar.yaml."""


class StartError(Exception):
    """The sidecar did not become ready; the message ends with what it wrote."""


@dataclass(frozen=True, slots=True)
class Child:
    """A sidecar that is ready."""

    process: asyncio.subprocess.Process
    proxy: str
    ops: str
    admin: str
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
    admin: int,
    timeouts: Mapping[Provider, Mapping[str, float]],
) -> str:
    """The YAML of the demonstration.

    Args:
        upstreams: URL by name.
        proxy: port of the proxy listener.
        ops: port of the ops listener.
        admin: port of the admin listener, where drills may be begun.
        timeouts: seconds by upstream and timer, where the preset's are not wanted.
    """
    described = {
        name: {
            "preset": name,
            "url": url,
            "timeouts": {timer: _duration(value) for timer, value in timeouts[name].items()},
            **_CACHED.get(name, {}),
        }
        for name, url in upstreams.items()
    }
    document = {
        "listen": {
            "proxy": f"127.0.0.1:{proxy}",
            "ops": f"127.0.0.1:{ops}",
            "admin": f"127.0.0.1:{admin}",
        },
        "drills": {"allowed": True},
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
        StartError: it ended, or was not ready in time. The message has what it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="sidecar-demo-") as folder:
        running = await _started(folder, upstreams, timeouts)
        try:
            yield running
        finally:
            await _stop(running.process)


async def _started(
    folder: str,
    upstreams: Mapping[Provider, str],
    timeouts: Mapping[Provider, Mapping[str, float]],
) -> Child:
    """Start it; again on other ports, if someone took these before it did."""
    log = Path(folder, "sidecar.log")
    for wanted in (PREFERRED, ANY, ANY):
        ports = _free(wanted) or _free(ANY) or ANY
        proxy, ops, admin = ports
        text = configuration(upstreams, proxy=proxy, ops=ops, admin=admin, timeouts=timeouts)
        config = _write(folder, text)
        process = await _start(config, log)
        running = Child(
            process,
            proxy=_origin(proxy),
            ops=_origin(ops),
            admin=_origin(admin),
            config=config,
            log=log,
            moved=ports != PREFERRED,
        )
        try:
            if await _ready(running, upstreams):
                return running
        except BaseException:
            await _stop(process)
            raise
        await _stop(process)
    raise StartError(f"the sidecar did not start:\n{_tail(log)}")


def _write(folder: str, text: str) -> Path:
    path = Path(folder, "sidecar.yaml")
    path.write_text(text)
    return path


def _origin(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _duration(value: float) -> str:
    return f"{max(1, round(value * 1000))}ms"


def _free(wanted: tuple[int, int, int]) -> tuple[int, int, int] | None:
    """The wanted ports, 0 standing for any, if nobody listens on them now."""
    one, two, three = wanted
    with suppress(OSError), _bound(one) as proxy, _bound(two) as ops, _bound(three) as admin:
        return proxy.getsockname()[1], ops.getsockname()[1], admin.getsockname()[1]
    return None


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


async def _ready(running: Child, upstreams: Mapping[Provider, str]) -> bool:
    """Wait until it is ready; False when it ended instead.

    Another sidecar may answer where this one could not listen: the upstreams tell them apart.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_TIMEOUT
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
        while running.process.returncode is None:
            if loop.time() > deadline:
                raise StartError(f"the sidecar is not ready:\n{running.last_words()}")
            with suppress(aiohttp.ClientError, TimeoutError, ValueError):
                async with session.get(running.ops + "/health") as answer:
                    health = await answer.json()
                urls = {name: one["url"] for name, one in health["upstreams"].items()}
                if health["state"] == "ready" and urls == dict(upstreams):
                    return True
            await asyncio.sleep(0.05)
    return False


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
