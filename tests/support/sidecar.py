"""A running sidecar for tests: in the test's event loop, or in a thread for blocking clients.

`config` is a Config or YAML text. Listen on port 0: the real ports are in the handle.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sidecar.config import Address, Config

if TYPE_CHECKING:
    from sidecar.app import Sidecar

START_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Running:
    """A sidecar that answers, and its addresses."""

    sidecar: "Sidecar"

    @property
    def bound(self) -> Mapping[str, Any]:
        """What the sidecar says about its listeners."""
        return cast("Mapping[str, Any]", self.sidecar.bound)

    @property
    def proxy(self) -> Address:
        """The first plain address for the application."""
        return cast("Address", self.bound["proxy"][0])

    @property
    def proxy_url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        return f"http://{self.proxy}"

    @property
    def proxy_tls(self) -> Address:
        """The first TLS address for the application."""
        return cast("Address", self.bound["proxy_tls"][0])

    @property
    def proxy_tls_url(self) -> str:
        """`https://127.0.0.1:PORT`."""
        return f"https://{self.proxy_tls}"

    def port(self, upstream: str, *, tls: bool = False) -> Address:
        """The address of the upstream's own listener."""
        kind = "upstream-tls" if tls else "upstream"
        return cast("Address", self.bound[f"{kind}:{upstream}"])

    def port_url(self, upstream: str, *, tls: bool = False) -> str:
        """The origin of the upstream's own listener."""
        return f"{'https' if tls else 'http'}://{self.port(upstream, tls=tls)}"

    @property
    def ops_url(self) -> str:
        """`http://127.0.0.1:PORT` of metrics and health."""
        return f"http://{self.bound['ops']}"


def _config(config: Config | str, env: Mapping[str, str]) -> Config:
    if isinstance(config, Config):
        return config
    from sidecar.loader import loads

    return loads(config, env=env).config


@asynccontextmanager
async def running_sidecar(
    config: Config | str, *, env: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """Start a sidecar in this event loop; close it at the end."""
    from sidecar.app import Sidecar

    sidecar = Sidecar(_config(config, env or {}))
    await asyncio.wait_for(sidecar.start(), START_TIMEOUT)
    try:
        yield Running(sidecar)
    finally:
        await asyncio.wait_for(sidecar.close(), START_TIMEOUT)


@contextmanager
def sidecar_in_thread(
    config: Config | str, *, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start a sidecar in a thread of its own (on uvloop where installed); close it at the end."""
    started: list[Running] = []
    failed: list[BaseException] = []
    ready = threading.Event()
    stops: list[Callable[[], object]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with running_sidecar(config, env=env) as running:
            started.append(running)
            ready.set()
            await stop.wait()

    def main() -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(serve())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=main, name="sidecar", daemon=True)
    thread.start()
    if not ready.wait(START_TIMEOUT):
        raise TimeoutError("the sidecar did not start")
    if failed:
        raise failed[0]
    try:
        yield started[0]
    finally:
        stops[0]()
        thread.join(START_TIMEOUT)
    if failed:
        raise failed[0]


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loop that the product uses where it can."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
