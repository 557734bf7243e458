"""The simulated providers as servers on loopback ports, with or without a simulated network.

The demonstration and the tests start them here.
"""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from sidecar.demo.authority import AUTHORITY
from sidecar.demo.gemini import make_app as make_gemini
from sidecar.demo.network import Network
from sidecar.demo.supabase import make_app as make_supabase
from sidecar.demo.targets import Provider
from sidecar.demo.trouble import Trouble
from sidecar.demo.whatsapp import make_apps as make_whatsapp

LONGEST = 65_536
"""Bytes of a request line or of one header field."""
IDLE_CLOSE = 60.0
SHUTDOWN = 0.2


@dataclass(frozen=True, slots=True)
class Simulator:
    """One simulated provider that listens."""

    app: web.Application
    url: str
    """Origin, as `http://127.0.0.1:40001`."""
    trouble: Trouble | None
    """The simulated network in front of it; None when faults are off."""


Simulators = Mapping[Provider, Simulator]


def make_apps() -> dict[Provider, web.Application]:
    """Every provider's app, empty and fresh."""
    graph, media = make_whatsapp()
    return {
        "supabase": make_supabase(),
        "whatsapp": graph,
        "whatsapp-media": media,
        "gemini": make_gemini(),
    }


@asynccontextmanager
async def simulators(network: Network | None = None, *, seed: int = 1) -> AsyncIterator[Simulators]:
    """All providers on ephemeral loopback ports, until the block ends.

    Args:
        network: delays and faults; None answers at once, always.
        seed: the source of every exchange's luck.
    """
    async with serve(make_apps(), network, seed=seed) as running:
        yield running


@asynccontextmanager
async def serve(
    apps: Mapping[Provider, web.Application], network: Network | None = None, *, seed: int = 1
) -> AsyncIterator[Simulators]:
    """Serve `apps` as `simulators` does."""
    async with AsyncExitStack() as stack:
        running: dict[Provider, Simulator] = {}
        for provider, app in apps.items():
            trouble = Trouble(network, provider, seed=seed) if network else None
            if trouble:
                app.middlewares.insert(0, trouble.middleware())
            url = await _listen(app, stack)
            running[provider] = Simulator(app, url, trouble)
        yield running


async def _listen(app: web.Application, stack: AsyncExitStack) -> str:
    # handler_cancellation: a client that leaves a hung exchange ends it.
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=IDLE_CLOSE,
        shutdown_timeout=SHUTDOWN,
        # As providers do: bodies are taken as sent, and long filters and tokens are no error.
        auto_decompress=False,
        max_line_size=LONGEST,
        max_field_size=LONGEST,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    authority = f"127.0.0.1:{listener.getsockname()[1]}"
    if AUTHORITY in app:
        app[AUTHORITY].value = authority
    stack.callback(listener.close)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener, backlog=512).start()
    return f"http://{authority}"
