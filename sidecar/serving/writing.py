"""The writing side of one connection of the application: no faster than the client reads.

Knows bytes only.
"""

import asyncio
import select
from contextlib import suppress


class Writing(asyncio.Protocol):
    """A connection that can be written to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._writable: asyncio.Future[None] | None = None
        self._is_full = False
        self.transport: asyncio.Transport | None = None
        """None once it is gone."""

    @property
    def is_gone(self) -> bool:
        """Whether nothing can be written any more."""
        return self.transport is None or self.transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ConnectionError: the client is gone.
        """
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("the client is gone")
        if data:
            self.transport.write(data)

    def say(self, data: bytes) -> None:
        """Send bytes, if the client is still there."""
        if not self.is_gone:
            self.write(data)

    @property
    def is_full(self) -> bool:
        """Whether the client reads more slowly than it is written to: then `drain`."""
        return self._is_full

    @property
    def owes(self) -> bool:
        """Whether a part of what was written may still be here, and not with the system.

        TLS does not tell all that it holds, but holds nothing that the system would take.
        """
        transport = self.transport
        if transport is None:
            return False
        if transport.get_write_buffer_size():
            return True
        sock = transport.get_extra_info("socket")
        if sock is None:
            return False
        takes = select.poll()
        with suppress(OSError, ValueError):  # it is being closed
            takes.register(sock, select.POLLOUT)
            return not takes.poll(0)
        return False

    async def drain(self, patience: float) -> None:
        """Wait until the client has caught up.

        Raises:
            TimeoutError: it did not read a byte for `patience` seconds.
            ConnectionError: it is gone.
        """
        while self._is_full:
            unread = self._unread()
            self._writable = self._loop.create_future()
            try:
                async with asyncio.timeout(patience):
                    await self._writable
            except TimeoutError:
                if self._unread() >= unread:
                    raise
            finally:
                self._writable = None

    def close(self, patience: float) -> None:
        """Close it after what was written, or when nothing is read for `patience` seconds."""
        if self.transport is None:
            return
        unread = self.transport.get_write_buffer_size()
        self.transport.close()
        if unread:
            self._loop.call_later(patience, self._see_off, unread, patience)

    def _see_off(self, unread: int, patience: float) -> None:
        if self.transport is None:
            return
        left = self.transport.get_write_buffer_size()
        if left >= unread:
            self.transport.abort()
        else:
            self._loop.call_later(patience, self._see_off, left, patience)

    def _unread(self) -> int:
        if self.transport is None:
            raise ConnectionResetError("the client is gone")
        return self.transport.get_write_buffer_size()

    def give_up_writing(self, error: Exception | None) -> None:
        """It is gone: tell whoever waits."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_exception(error or ConnectionResetError("the client is gone"))

    # What follows is called by the event loop.

    def pause_writing(self) -> None:
        """The client reads more slowly than it is written to."""
        self._is_full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._is_full = False
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
