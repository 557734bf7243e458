"""Simulated providers in a thread of their own, for blocking SDKs and for Node."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from sidecar.demo.authority import AUTHORITY

START_TIMEOUT = 10.0
LONGEST = 65_536
"""Bytes of a request line or of one header field."""
NOW = 1_790_000_000.0
"""The wall clock of simulators whose answers are compared: it stands still."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The origins of the simulators, and their apps."""

    urls: Mapping[str, str]
    apps: Mapping[str, web.Application]


@contextmanager
def simulated(make: Callable[[], Mapping[str, web.Application]]) -> Iterator[Simulated]:
    """Serve what `make` makes, until the block ends."""
    started: list[Simulated] = []
    failed: list[BaseException] = []
    ready = threading.Event()
    stops: list[Callable[[], object]] = []

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        apps = make()
        runners = {name: _runner(app) for name, app in apps.items()}
        try:
            urls = {name: await _listen(runner, apps[name]) for name, runner in runners.items()}
            started.append(Simulated(urls, apps))
            ready.set()
            await stop.wait()
        finally:
            for runner in runners.values():
                await runner.cleanup()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="simulators", daemon=True)
    thread.start()
    if not ready.wait(START_TIMEOUT):
        raise TimeoutError("the simulators did not start")
    if failed:
        raise failed[0]
    try:
        yield started[0]
    finally:
        stops[0]()
        thread.join(START_TIMEOUT)
    if failed:
        raise failed[0]


def _runner(app: web.Application) -> web.AppRunner:
    """Bodies stay as they were sent, and long targets are taken, as the real providers do."""
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=0.2,
        auto_decompress=False,
        max_line_size=LONGEST,
        max_field_size=LONGEST,
    )


async def _listen(runner: web.AppRunner, app: web.Application) -> str:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    app[AUTHORITY].value = f"127.0.0.1:{port}"
    return f"http://127.0.0.1:{port}"
