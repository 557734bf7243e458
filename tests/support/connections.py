"""Connections that are not on any network: for the pool, and for what the event loop calls."""

import asyncio
from collections.abc import Callable, Iterable

from sidecar.core.allowance import Allowance


class FakeTransport(asyncio.Transport):
    """Remembers what a Connection asks of it; a closing one tells nobody by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.closing = self.aborted = False
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the bytes."""
        self.written += bytes(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Keep the bytes."""
        self.written += b"".join(bytes(data) for data in list_of_data)

    def get_write_buffer_size(self) -> int:
        """What the test says."""
        return self.unsent

    def is_closing(self) -> bool:
        """Whether it was closed or aborted."""
        return self.closing

    def close(self) -> None:
        """End."""
        self.closing = True

    def abort(self) -> None:
        """End at once."""
        self.closing = self.aborted = True

    def pause_reading(self) -> None:
        """Hold back what the upstream sends."""
        self.reading = False

    def resume_reading(self) -> None:
        """Let it through again."""
        self.reading = True


class FakeConnection:
    """What the pool knows of a connection. `good` says what `finish` answers."""

    def __init__(self, number: int, now: Callable[[], float]) -> None:
        self._now = now
        self.number = number
        self.created_at = self.idle_since = now()
        self.broke = False
        self.uses = 0
        self.lost: Callable[[FakeConnection], None] | None = None
        self.good = True
        self.closed = False
        self.unasked = False

    def __repr__(self) -> str:
        return f"<FakeConnection {self.number}>"

    @property
    def spoiled(self) -> bool:
        """Whether it ended, or bytes wait that nobody asked for."""
        return self.closed or self.unasked

    def finish(self) -> bool:
        """End the exchange."""
        self.idle_since = self._now()
        if not self.good:
            self.abort()
        return self.good and not self.closed

    def abort(self) -> None:
        """End it; an idle one that ends by itself says so."""
        self.closed = True
        if self.lost is not None:
            self.lost(self)


class FakeDialer:
    """Makes connections at once, or when the test says so if `held`."""

    def __init__(self, now: Callable[[], float], *, held: bool = False) -> None:
        self._now = now
        self._held = held
        self.made: list[FakeConnection] = []
        self.asked: list[Allowance] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.error: BaseException | None = None
        self.closed = False
        self.resolver = self

    def close(self) -> None:
        """As the resolver: forget the look-up."""
        self.closed = True

    async def dial(self, allowance: Allowance, _attempt: int) -> FakeConnection:
        """The next connection, or the error that was set."""
        self.asked.append(allowance)
        if self._held:
            gate = asyncio.get_running_loop().create_future()
            self.waiting.append(gate)
            try:
                await gate
            finally:
                self.waiting.remove(gate)
        if self.error is not None:
            raise self.error
        connection = FakeConnection(len(self.made), self._now)
        self.made.append(connection)
        return connection
