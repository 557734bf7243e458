"""A simulated machine: an event loop in virtual time with a network of its own, and processes.

Why not a library: here a process must die as by SIGKILL, and that needs to know whose task, timer
and connection is whose. Nothing waits: threads of executors run at once, in the loop. Real is what
the sidecar itself does: its connections, parsers, timers and layers.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from contextvars import Context, copy_context
from random import Random
from typing import Any

from tests.simulation.order import NumberedTask
from tests.simulation.processes import OWNER
from tests.simulation.wires import Wire
from tests.support.virtual_time import VirtualLoop


class Server:
    """Something that listens."""

    def __init__(self, loop: "SimulatedLoop", port: int, factory: Any, raw: Any) -> None:
        self._loop = loop
        self.raw = raw
        self.port = port
        self.factory = factory
        self.owner = OWNER.get()
        self.context = copy_context()
        if self.owner is not None:
            self.owner.servers[self] = None
        loop.servers[port] = self

    @property
    def sockets(self) -> list[Any]:
        return [self]

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def close(self) -> None:
        if self._loop.servers.get(self.port) is self:
            del self._loop.servers[self.port]
        if self.owner is not None:
            self.owner.servers.pop(self, None)
        raw, self.raw = self.raw, None
        if raw is not None:
            raw.close()

    async def wait_closed(self) -> None:
        """Its connections end by themselves."""

    def is_serving(self) -> bool:
        return self._loop.servers.get(self.port) is self


Met = str | None
"""What a connection meets: `refused`, `lost` (nobody answers), or nothing in its way."""


class SimulatedLoop(VirtualLoop):
    """The machine. `dice` decides about latency and how writes are cut."""

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self.dice = dice
        self.servers: dict[int, Server] = {}
        self.meets: Callable[[int], Met] = lambda _port: None
        self.resolves: Callable[[str], bool] = lambda _host: True
        self._dialled: dict[int, tuple[int, Any]] = {}
        self._numbers = iter(range(1, 1 << 60))
        self.set_task_factory(self._made)

    def count(self) -> int:
        """The next number."""
        return next(self._numbers)

    def latency(self) -> float:
        """Seconds of one way."""
        return 0.0002 + 0.001 * self.dice.random()

    @staticmethod
    def _made(loop: Any, work: Any, context: Context | None = None) -> asyncio.Task[Any]:
        task = NumberedTask(work, loop=loop, context=context)
        task.number = loop.count()
        owner = context.get(OWNER) if context is not None else OWNER.get()
        if owner is not None:
            owner.tasks[task] = None
            task.add_done_callback(owner.forget)
        return task

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        handle = super().call_at(when, callback, *args, context=context)
        owner = OWNER.get() if context is None else context.get(OWNER, None)
        if owner is not None and owner.dead and getattr(callback, "__name__", "") != "_arrive":
            handle.cancel()  # the dead wake no more
        return handle

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # for whoever asked
            future.set_exception(error)
        return future

    def close(self) -> None:
        for _, other in self._dialled.values():
            if other is not None:
                other.close()
        super().close()

    # Names and connections.

    async def getaddrinfo(self, host: Any, port: Any, **_more: Any) -> Any:
        await asyncio.sleep(self.latency())
        if not self.resolves(str(host)):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    async def sock_connect(self, sock: Any, address: Any) -> None:
        await self._reach(address[1])
        ours, theirs = socket.socketpair()  # the sidecar asks the socket whether bytes wait in it
        os.dup2(ours.fileno(), sock.fileno())
        ours.close()
        _, forgotten = self._dialled.get(sock.fileno(), (0, None))
        if forgotten is not None:
            forgotten.close()
        self._dialled[sock.fileno()] = address[1], theirs

    async def _reach(self, port: int) -> Server:
        await asyncio.sleep(2 * self.latency())
        owner = OWNER.get()
        met = self.meets(port)
        if met == "lost" or (owner is not None and owner.dead):
            await asyncio.Event().wait()
        server = self.servers.get(port)
        if server is None or met == "refused":
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        return server

    async def create_server(
        self, factory: Any, host: Any = None, port: Any = None, *, sock: Any = None, **_more: Any
    ) -> Any:
        if sock is not None:
            port = sock.getsockname()[1]
        return Server(self, port or 1000 + self.count(), factory, sock)

    def add_reader(self, fd: Any, callback: Any, *_args: Any) -> None:
        """The sidecar's door: who comes in there is simulated as well."""
        Server(self, fd.getsockname()[1], callback.__self__.made, fd)

    def remove_reader(self, fd: Any) -> bool:
        server = next((each for each in self.servers.values() if each.raw is fd), None)
        if server is not None:
            server.close()
        return server is not None

    async def create_connection(
        self, factory: Any, host: Any = None, port: Any = None, *, sock: Any = None, **_more: Any
    ) -> Any:
        if sock is not None:
            port, other = self._dialled.pop(sock.fileno())
            sock = _Pair(sock, other)
            server = self.servers.get(port)
            if server is None:
                sock.close()
                raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        else:
            server = await self._reach(port)
        protocol = factory()
        ours = Wire(self, protocol, sock)
        theirs = server.context.copy().run(lambda: Wire(self, server.factory()))
        ours.peer, theirs.peer = theirs, ours
        self.call_soon(theirs._protocol.connection_made, theirs, context=theirs._context)
        protocol.connection_made(ours)
        return ours, protocol


class _Pair:
    """A socket that is never read, and its other end, which keeps it from looking closed."""

    def __init__(self, sock: Any, other: Any) -> None:
        self._sock, self._other = sock, other

    def close(self) -> None:
        self._sock.close()
        self._other.close()

    def setsockopt(self, *_options: Any) -> None:
        """None matters here."""
