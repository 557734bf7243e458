"""Simulated providers on the fixed ports that tests/image/sidecar.yaml names.

Run in the network of a container: `python -m tests.image.providers`, until it is killed.
"""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from sidecar.demo.authority import AUTHORITY
from sidecar.demo.simulators import LONGEST, SHUTDOWN
from tests.e2e.supabase import project
from tests.support.simulated import gemini, whatsapp

PORTS = {"supabase": 7001, "whatsapp": 7002, "whatsapp-media": 7003, "gemini": 7004}


@asynccontextmanager
async def providers():
    """Fresh ones that listen until the block ends."""
    async with AsyncExitStack() as stack:
        for provider, app in {**project.make(), **whatsapp(), **gemini()}.items():
            if AUTHORITY in app:
                app[AUTHORITY].value = f"127.0.0.1:{PORTS[provider]}"
            runner = web.AppRunner(
                app,
                access_log=None,
                handler_cancellation=True,
                shutdown_timeout=SHUTDOWN,
                auto_decompress=False,
                max_line_size=LONGEST,
                max_field_size=LONGEST,
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", PORTS[provider]).start()
        yield


async def main():
    async with providers():
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
