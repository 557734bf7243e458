"""The admin listener, over the parts in force. Imported only where the configuration has one.

It brings aiohttp, which otherwise only stores in SQLite or Redis need.
"""

from sidecar.admin.app import make_admin_app
from sidecar.admin.guard import guard_of
from sidecar.admin.reload import as_of_now
from sidecar.assembly import Assembly
from sidecar.config import Address, Config
from sidecar.endpoints import Surroundings, endpoints_of
from sidecar.side_listener import listen, make_runner


class AdminListener:
    """Serves operators.

    Args:
        where: its address, as configured.
        parts: those in force.
        around: what outlives every configuration.

    Raises:
        OSError: others than this machine reach it, and no token is configured.
    """

    def __init__(self, where: Address, parts: Assembly, around: Surroundings) -> None:
        self._where = where
        self._around = around
        self.go_by(parts)
        endpoints = as_of_now(lambda: self._endpoints)
        reloading = around.reloading
        app = make_admin_app(
            reloading.config.admin, where, endpoints, lambda: reloading.config.admin
        )
        self._runner = make_runner(app)

    def check(self, config: Config) -> None:
        """Whether it may go on as another configuration wants it.

        Raises:
            OSError: others than this machine reach it, and no token is configured.
        """
        guard_of(config.admin, self._where)

    def go_by(self, parts: Assembly) -> None:
        """Other parts are in force."""
        self._endpoints = endpoints_of(parts, self._around)

    async def start(self) -> Address:
        """Bind and serve it; the address with the port that it got.

        Raises:
            OSError: the address is taken or not ours.
        """
        await self._runner.setup()
        return await listen(self._runner, self._where)

    async def close(self) -> None:
        """Serve nobody any more. Idempotent."""
        await self._runner.cleanup()
