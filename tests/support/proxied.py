"""One scripted upstream behind one sidecar, in the test's event loop."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sidecar.config import Limits
from tests.support.builders import config, upstream
from tests.support.sidecar import Running, running_sidecar
from tests.support.upstream import Script, Upstream
from tests.support.wire import WireRequest


@asynccontextmanager
async def proxied(
    *scripts: Script,
    choose: Callable[[WireRequest], Script] | None = None,
    server_tls: ssl.SSLContext | None = None,
    keep: bool = True,
    deaf: bool = False,
    listen: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    base: str = "",
    drain_timeout: float = 5.0,
    **settings: Any,
) -> AsyncIterator[tuple[Running, Upstream]]:
    """The upstream `api`; `settings` are its keys in the configuration."""
    async with Upstream(*scripts, choose=choose, tls=server_tls, keep=keep, deaf=deaf) as origin:
        subject = upstream(origin.url + base, **settings)
        whole = config(
            upstreams={"api": subject},
            listen=listen,
            limits=Limits(**(limits or {})),
            drain_timeout=drain_timeout,
        )
        async with running_sidecar(whole) as running:
            yield running, origin


async def soon(condition: Callable[[], bool], *, within: float = 5.0) -> None:
    """Wait until `condition` holds.

    Raises:
        TimeoutError: it did not, `within` seconds.
    """
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


def elapsed_since(start: float) -> float:
    """Seconds on the event loop's clock."""
    return asyncio.get_running_loop().time() - start
