"""An attempt on the real pool and real connections, without a network; the upstream is a script."""

import asyncio
import socket
from typing import Any

from sidecar.config import Pool as PoolConfig
from sidecar.config import Timeouts
from sidecar.exchange import Response
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.attempt import Attempt
from sidecar.transport.connection import Connection
from sidecar.transport.pool import Pool
from tests.support.builders import exchange, request
from tests.support.clock import FakeClock
from tests.support.connections import FakeTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=5\r\n\r\nok"


class Answering(FakeTransport):
    """Plays the next script when a request was written: bytes, or an end without any."""

    connection: Connection

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world

    def write(self, data: Any) -> None:
        """Something is answered, soon."""
        super().write(data)
        asyncio.get_running_loop().call_soon(self.answer, self.world.scripts.pop(0))

    def answer(self, script: bytes) -> None:
        """The script comes in."""
        if script:
            self.connection.data_received(script)
        else:
            self.connection.connection_lost(None)

    def abort(self) -> None:
        """The connection is told, soon."""
        super().abort()
        asyncio.get_running_loop().call_soon(self.connection.connection_lost, None)


class World:
    """The attempt, what it stands on, and the connections that it made."""

    def __init__(self, *scripts: bytes, **timeouts: Any) -> None:
        self.scripts = list(scripts)
        self.clock = FakeClock(start=100.0)
        self.stats = PoolStats()
        self.transports: list[Answering] = []
        self.sockets: list[socket.socket] = []
        self.resolver = self
        self.pool = Pool(PoolConfig(), self, self.clock, self.stats)  # type: ignore[arg-type]
        self.attempt = Attempt(self.pool, b"x.test", "/base", Timeouts(**timeouts), self.clock)

    def close(self) -> None:
        """As the resolver."""

    async def dial(self, _allowance: Any, _attempt: Any) -> Connection:
        """As the pool's dialler."""
        near, far = socket.socketpair()
        self.sockets += [near, far]
        transport = Answering(self)
        transport.connection = Connection(asyncio.get_running_loop(), near, self.clock)
        transport.connection.connection_made(transport)
        self.transports.append(transport)
        return transport.connection

    async def call(self, *what: Any, deadline: float = 200.0, **body: Any) -> Response:
        """One call; `what` is as for `request`."""
        self.exchange = exchange(request(*what, **body), deadline=deadline)
        return await self.attempt(self.exchange)

    async def ask(self, *what: Any, **body: Any) -> tuple[Response, bytes]:
        """One call, its answer and its first piece."""
        answer = await self.call(*what, **body)
        data = await answer.body.read()
        answer.close()
        return answer, data

    async def leave(self) -> None:
        """Leave nothing open."""
        self.pool.close()
        await asyncio.sleep(0)
        for each in self.sockets:
            each.close()
