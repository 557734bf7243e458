"""One HTTP/1.1 connection to an upstream, one exchange at a time: bytes, flow control, timers.

Knows nothing of pools, retries or routes. Whatever ends an exchange early ends the connection:
a connection that is in any doubt is never used again.
"""

import asyncio
import select
import socket
from collections.abc import Callable
from typing import cast

from sidecar.clock import Clock
from sidecar.core.allowance import Allowance
from sidecar.errors import BadResponse, ExchangeError
from sidecar.exchange import Timeline
from sidecar.transport.tls import ended_cleanly, refusal
from sidecar.transport.wire import Head, ResponseReader
from sidecar.waiting import Signal, Timer

_HIGH_WATER = 256 * 1024
"""Unread bytes of a response at which reading from the upstream stops; it goes on at none."""


class Connection(asyncio.Protocol):
    """A connection, idle or busy with one exchange.

    Busy lasts from `start` to `finish`; the pool keeps it in between.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, clock: Clock) -> None:
        self._clock = clock
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._error: ExchangeError | None = None
        self._timer = Timer(loop, self._expire)
        self.arm, self.disarm = self._timer.arm, self._timer.disarm
        self._changed = Signal(loop)
        self._writable = Signal(loop)
        self._writing_paused = self._reading_paused = False
        self._attempt = 1
        self._timeline = Timeline(0.0)
        self.created_at = clock.now()
        self.idle_since = self.created_at
        self.uses, self.broke = 0, False  # `broke`: it ended with an error
        self.lost: Callable[[Connection], None] | None = None
        """Called once when an idle connection ends by itself."""

    def __repr__(self) -> str:
        state = "closed" if self.closed else "busy" if self._reader is not None else "idle"
        return f"<Connection {state}, {self.uses} uses>"

    # The life of an exchange: start, write, [drain], read_head, take or read, finish.

    def start(
        self, method: str, attempt: int, timeline: Timeline, reader: ResponseReader | None = None
    ) -> None:
        """Begin an exchange, whose response `reader` reads; else one for this method."""
        self._reader = reader or ResponseReader(method)
        self._attempt = attempt
        self._timeline = timeline
        self.uses += 1

    def write(self, data: bytes) -> None:
        """Queue bytes of the request.

        Raises:
            ExchangeError: the connection has ended.
        """
        if self._error is not None:
            raise self._error
        if self.transport is None:
            raise self._busy().ended(reused=self.uses > 1)
        self.transport.write(data)

    async def drain(self, allowance: Allowance) -> None:
        """Wait until the upstream reads on.

        Raises:
            ExchangeError: it did not read a byte for the whole allowance, or the connection ended.
        """
        unsent, since = None, self._clock.now()
        while self._writing_paused and self._error is None and self.transport is not None:
            left, now = self.transport.get_write_buffer_size(), self._clock.now()
            if unsent is None or left < unsent:
                unsent, since = left, now
            elif now - since >= allowance.seconds:
                waiting_for = "while the upstream did not read the request"
                self.fail(allowance.expired(waiting_for, self._attempt))
                break
            await self._writable.wait(since + allowance.seconds - now)
        if self._error is not None:
            raise self._error

    async def read_head(self) -> Head:
        """The response's head.

        Raises:
            ExchangeError: none came.
        """
        reader = self._busy()
        while reader.head is None:
            if self._error is not None:
                raise self._error
            await self._changed.wait()
        if isinstance(self._error, BadResponse) or (self._error and not reader.complete):
            raise self._error  # it broke before anything of it was passed on
        self.disarm()
        return reader.head

    @property
    def answered(self) -> bool:
        """Whether the exchange's head has arrived, or it is over."""
        return self._reader is None or self._reader.head is not None

    def take(self) -> bytes | None:
        """What has arrived of the body; b"" at its end, None when nothing has."""
        reader = self._busy()
        data = reader.take()
        if data:
            self._timeline.bytes_down += len(data)
            if self._reading_paused and self.transport is not None:
                self._reading_paused = False
                self.transport.resume_reading()
        return data

    async def read(self, allowance: Allowance) -> bytes:
        """The next bytes of the body, b"" at its end.

        Raises:
            ExchangeError: it broke or stalled. What had arrived before was given out.
        """
        while (data := self.take()) is None:
            if self._error is not None:
                raise self._error
            self.arm(allowance, "between two chunks of the response")
            try:
                await self._changed.wait()
            finally:
                self.disarm()
        return data

    def finish(self) -> bool:
        """End the exchange; whether the connection may serve another."""
        reader, self._reader = self._reader, None
        self.disarm()
        if reader is not None:
            reader.close()
        reusable = (
            reader is not None
            and reader.complete
            and not reader.surplus
            and reader.head is not None
            and reader.head.persistent
            and self._error is None
            and not self.closed
            and not self._writing_paused
            and not self._reading_paused
        )
        if not reusable:
            self.abort()
        self.idle_since = self._clock.now()
        return reusable

    def _expire(self, allowance: Allowance, waiting_for: str) -> None:
        if allowance.code == "first_byte_timeout" and self._busy().started:
            allowance = Allowance(allowance.seconds, "header_timeout")
        self.fail(allowance.expired(waiting_for, self._attempt))

    @property
    def closed(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.transport is None or self.transport.is_closing()

    def abort(self) -> None:
        """End it now, in both directions."""
        if self.transport is not None:
            self.transport.abort()

    def fail(self, error: ExchangeError) -> None:
        """End it because of `error`, which is what a reader or writer will see."""
        if self._error is None:
            self._error = error
        self.disarm()
        self.abort()
        self._wake()

    @property
    def spoiled(self) -> bool:
        """Whether it ended, or holds a byte that nobody asked for, also unseen in the socket."""
        return self.closed or bool(self._poll.poll(0))

    # What follows is called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        reader = self._reader
        if reader is None:  # unasked for: whatever it is, it is no answer to the next request
            self.abort()
            return
        if not self._timeline.first_byte_at:
            self._timeline.first_byte_at = self._clock.now()
        try:
            reader.feed(data)
        except ExchangeError as error:
            self.fail(error)
            return
        if reader.buffered > _HIGH_WATER and not self._reading_paused and self.transport:
            self._reading_paused = True
            self.transport.pause_reading()
        self._changed.set()

    def eof_received(self) -> None:
        """The upstream sends no more; returning None closes our side too."""
        if self._reader is not None and ended_cleanly(self.transport):
            self._reader.feed_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, cleanly or not."""
        self.transport, self.broke = None, exc is not None
        self._timer.close()
        if self._reader is None:
            if self.lost is not None:
                self.lost(self)
        elif not self._reader.complete and self._error is None:
            self._error = refusal(exc, self.uses) or self._reader.ended(reused=self.uses > 1)
        self._wake()

    def pause_writing(self) -> None:
        """The upstream reads more slowly than the request is written."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writing_paused = False
        self._writable.set()

    def _busy(self) -> ResponseReader:
        assert self._reader is not None, "no exchange was started"
        return self._reader

    def _wake(self) -> None:
        self._changed.set()
        self._writable.set()
