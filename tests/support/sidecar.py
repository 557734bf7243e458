"""A running sidecar for tests: in the test's event loop, or in a thread for blocking clients.

`config` is a Config or YAML text. Listen on port 0: the real ports are in the handle.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sidecar.config import Address, Config
from tests.support.background import in_thread

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

    def port(self, upstream: str, *, tls: bool = False) -> Address:
        """The address of the upstream's own listener."""
        kind = "upstream-tls" if tls else "upstream"
        return cast("Address", self.bound[f"{kind}:{upstream}"])

    def port_url(self, upstream: str, *, tls: bool = False) -> str:
        """The origin of the upstream's own listener."""
        return f"{'https' if tls else 'http'}://{self.port(upstream, tls=tls)}"


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
    with in_thread(lambda: running_sidecar(config, env=env), "the sidecar") as running:
        yield running
