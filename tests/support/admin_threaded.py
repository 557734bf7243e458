"""An admin listener in a thread, for commands that talk to it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web

from sidecar.admin import Endpoint, make_admin_app
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.side_listener import make_runner
from tests.support.background import in_thread


@contextmanager
def admin_address(endpoints: Callable[[], Sequence[Endpoint]]) -> Iterator[str]:
    """Where a listener with these endpoints is, which are made in its thread."""

    @asynccontextmanager
    async def listening() -> Any:
        runner = make_runner(make_admin_app(Admin(), DEFAULT_ADMIN, endpoints()))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner
        await runner.cleanup()

    with in_thread(listening, "admin") as runner:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
