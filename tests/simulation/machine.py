"""A simulated machine: an event loop in virtual time with a network of its own, and processes.

Why not a library: here a process must die as by SIGKILL, and that needs to know whose task, timer
and connection is whose. Nothing waits: threads of executors run at once, in the loop. Real is what
the sidecar itself does: its connections, parsers, timers and layers.
"""

import asyncio
import errno
import os
import socket
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any

from tests.simulation.order import NumberedTask
from tests.support.virtual_time import VirtualLoop

HIGH, LOW = 64 * 1024, 16 * 1024
"""Bytes under way at which a writer is told to pause, and to go on."""
CUT = 0.1
"""The share of writes that arrive in two parts."""


class Process:
    """What belongs together, and dies together. The world itself is none."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.tasks: dict[asyncio.Task[Any], None] = {}  # in the order of their making, as all here
        self.transports: dict[Wire, None] = {}
        self.servers: dict[Server, None] = {}
        self.at_death: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"<Process {self.name}>"

    def run(self, work: Any, loop: "SimulatedLoop") -> asyncio.Task[Any]:
        """Do it as a task of this process."""
        context = copy_context()
        context.run(OWNER.set, self)
        return loop.create_task(work, context=context)

    def forget(self, task: asyncio.Task[Any]) -> None:
        """It has ended."""
        self.tasks.pop(task, None)

    async def kill(self) -> None:
        """As SIGKILL does: from now on it does nothing that anybody could see.

        What it was at is then cancelled, so that Python has nothing to say of it.
        """
        self.dead = True
        for each in tuple(self.servers):
            each.close()
        for wire in tuple(self.transports):
            wire.die()
        for callback in self.at_death:
            callback()
        for task in tuple(self.tasks):
            task.cancel()
        for _ in range(20):
            await asyncio.sleep(0)


OWNER: ContextVar[Process | None] = ContextVar("OWNER", default=None)
"""The process that runs."""


class Wire(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, loop: "SimulatedLoop", protocol: Any, raw: Any = None) -> None:
        super().__init__({"socket": raw, "peername": ("127.0.0.1", 1)})
        self._loop = loop
        self._protocol = protocol
        self.owner = OWNER.get()
        self._context = copy_context()
        self._raw = raw
        self._inbox: deque[bytes | OSError | None] = deque()
        self._last = 0.0
        self._unsent = 0
        self._reading = True
        self._paused = False
        self._closing = self._lost = self._ended = False
        self.peer: Wire = self
        if self.owner is not None:
            self.owner.transports[self] = None

    # Out.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._ended or self._is_dead or not data:
            return
        data = bytes(data)
        self._unsent += len(data)
        dice = self._loop.dice
        if len(data) > 1 and dice.random() < CUT:
            at = dice.randrange(1, len(data))
            self._send(data[:at])
            self._send(data[at:])
        else:
            self._send(data)
        if self._unsent > HIGH and not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def _send(self, what: bytes | OSError | None) -> None:
        loop, peer = self._loop, self.peer
        self._last = max(self._last + 1e-6, loop.time() + loop.latency())
        loop.call_at(self._last, peer._arrive, what, context=peer._context)

    def _taken(self, size: int) -> None:
        """The other side has read so much."""
        self._unsent -= size
        if self._paused and self._unsent < LOW:
            self._paused = False
            if not self._lost and not self._is_dead:
                self._protocol.resume_writing()
        if self._closing and self._unsent <= HIGH:
            self._lose(None)

    def write_eof(self) -> None:
        if not self._ended and not self._is_dead:
            self._ended = True
            self._send(None)

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return max(0, self._unsent - HIGH)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """It has those of this module."""

    # In.

    def _arrive(self, what: bytes | OSError | None) -> None:
        if self._is_dead or self._lost:
            if isinstance(what, bytes) and not self.peer._lost:  # nobody is there: a reset
                self.peer._send_back_reset()
            return
        self._inbox.append(what)
        self._pump()

    def _send_back_reset(self) -> None:
        self._loop.call_soon(self._lose, ConnectionResetError("reset"), context=self._context)

    def _pump(self) -> None:
        while self._inbox and self._reading and not self._lost and not self._is_dead:
            what = self._inbox.popleft()
            if what is None:
                if not self._protocol.eof_received():
                    self.close()
            elif isinstance(what, OSError):
                self._lose(what)
            else:
                peer = self.peer
                self._loop.call_soon(peer._taken, len(what), context=peer._context)
                if not self._closing:
                    self._protocol.data_received(what)

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        self._loop.call_soon(self._pump, context=self._context)

    def is_reading(self) -> bool:
        return self._reading

    # The end.

    def is_closing(self) -> bool:
        return self._closing or self._lost

    @property
    def gone(self) -> bool:
        """Whether this side has ended it, as far as it can know."""
        return self.is_closing() or self._is_dead

    def close(self) -> None:
        if self.is_closing() or self._is_dead:
            return
        self._closing = True
        if not self._ended:
            self._ended = True
            self._send(None)
        if self._unsent <= HIGH:
            self._lose_soon(None)

    def abort(self) -> None:
        """What was written still goes out, as what the kernel has does."""
        if self._lost or self._is_dead:
            return
        self._closing = True
        if not self._ended:
            self._ended = True
            self._send(None)
        self._lose_soon(None)

    def reset(self) -> None:
        """End it with a reset, which overtakes what was not read."""
        if self._lost or self._is_dead:
            return
        self._closing = self._ended = True
        self._send(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        self._lose_soon(None)

    def die(self) -> None:
        """Its process is gone: the kernel says so to the other side."""
        if not self._lost:
            self._send(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        self._lost = True
        self._close_raw()

    def _lose_soon(self, error: OSError | None) -> None:
        self._loop.call_soon(self._lose, error, context=self._context)

    def _lose(self, error: OSError | None) -> None:
        if self._lost or self._is_dead:
            return
        self._closing = self._lost = True
        if self.owner is not None:
            self.owner.transports.pop(self, None)
        self._protocol.connection_lost(error)
        self._close_raw()

    def _close_raw(self) -> None:
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()

    @property
    def _is_dead(self) -> bool:
        return self.owner is not None and self.owner.dead

    def get_protocol(self) -> Any:
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol


class Server:
    """Something that listens."""

    def __init__(self, loop: "SimulatedLoop", port: int, factory: Any, raw: Any) -> None:
        self._loop = loop
        self._raw = raw
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
        raw, self._raw = self._raw, None
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
