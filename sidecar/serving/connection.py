"""One connection of the application: its requests are answered one after the other.

Reads no faster than it answers, writes no faster than the client reads, and ends what is under way
when the client leaves. Knows nothing of what requests are for.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple, cast

from sidecar.config import Limits
from sidecar.errors import ClientClosed, ExchangeError, forget_frames
from sidecar.serving.arriving import HIGH_WATER, Incoming
from sidecar.serving.patience import Patience
from sidecar.serving.reader import RequestReader
from sidecar.serving.writing import Writing
from sidecar.switched import Line

_faults = logging.getLogger("sidecar.fault")
_LINGER = 5.0
"""Seconds that the rest of a request is read after an early answer, so that it is not lost."""
_QUIET = 0.1
"""Seconds without a byte after which nothing more of a broken request is on its way."""

Serve = Callable[["Connection", Incoming], Awaitable[bool]]
"""Answers a request by writing to its connection; whether another may follow on it."""
Refuse = Callable[[ExchangeError], bytes]
"""The answer to what is no request, or to one that the sidecar failed on."""


class Purpose(NamedTuple):
    """What a connection is for."""

    serve: Serve
    refuse: Refuse
    limits: Limits
    open: "set[Connection]"
    """All connections of the listener; each adds and removes itself."""
    closed: Callable[[], None]
    """Called when one has removed itself."""


class Connection(Writing):
    """A connection of the application."""

    def __init__(self, purpose: Purpose, loop: asyncio.AbstractEventLoop, *, secure: bool) -> None:
        super().__init__(loop)
        self._purpose = purpose
        self._reader = RequestReader(purpose.limits, loop, self._drained)
        self._waiting: deque[Incoming] = deque()
        self._broken: ExchangeError | None = None
        """Why nothing that follows can be read."""
        self._still_comes = True  # of what is broken
        self._task: asyncio.Task[None] | None = None
        self._lingering: Incoming | None = None
        self._reading_paused = False
        self._patience = Patience(loop, purpose.limits, self._waits, self._end)
        self._ends = False
        self._handed_over = False
        self.secure = secure
        """Whether TLS is spoken on it."""

    def __repr__(self) -> str:
        state = "gone" if self.transport is None else "busy" if self.is_busy else "idle"
        return f"<Connection of the application, {state}>"

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self._task is not None

    # For whoever answers.

    def hand_over(self) -> Line:
        """The connection, with what came behind the request, for another protocol.

        Whoever takes it calls `connection_lost` when it is gone.

        Raises:
            ConnectionError: the client has left.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        early, self._reader.tail = self._reader.tail or b"", b""
        transport.pause_reading()
        self._ends = self._handed_over = True
        return Line(transport, early)

    def is_last(self, incoming: Incoming) -> bool:
        """Whether nothing that follows on the connection can be trusted to be a request."""
        return incoming.switching or self._broken is not None

    # For whoever listens.

    def end_when_idle(self) -> None:
        """Close it now, or after the answer that is being written."""
        self._ends = True
        if not self.is_busy:
            self.close(self._purpose.limits.read_idle)

    def abort(self) -> None:
        """End it now, with what is under way."""
        if self._task is not None:
            self._task.cancel()
        if self.transport is not None:
            self.transport.abort()

    # What follows is called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self.transport = cast("asyncio.Transport", transport)
        self._purpose.open.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._broken is not None:
            self._still_comes = True
            return
        try:
            self._waiting.extend(self._reader.feed(data))
        except ExchangeError as error:
            self._broken = error
            forget_frames(error)
        if self._lingering is not None:
            self._go_on()
        elif self._task is None:
            self._begin()
        self._hold()

    def eof_received(self) -> None:
        """The client sends no more, which is how one looks that has left; returning None closes.

        One that closes only its sending side looks the same until something is written to it, and
        a call that nobody waits for is ended at once.
        """

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.transport = None
        self._purpose.open.discard(self)
        self._purpose.closed()
        self._patience.end()
        if self._reader.current is not None:
            left = ClientClosed("the application closed its connection", code="client_closed")
            self._reader.current.body.fail(left)
        self._reader.close()
        self._waiting.clear()
        self.give_up_writing(exc)
        if self._task is not None and not self._handed_over:
            self._task.cancel()

    # One request after the other.

    def _begin(self) -> None:
        """Answer the next request, if there is one; end if none can follow."""
        if self._waiting:
            self._patience.begin()
            self._task = self._loop.create_task(self._answer(self._waiting.popleft()))
        elif self._broken is not None:
            self.say(self._purpose.refuse(self._broken))
            self._end_once_quiet()
        elif self._ends:
            self._end()
        else:
            self._patience.wait(within_head=self._reader.within_head)

    async def _answer(self, incoming: Incoming) -> None:
        """Answer one request; whatever comes of it, the connection goes on or ends."""
        goes_on = False
        try:
            goes_on = await self._purpose.serve(self, incoming)
        except asyncio.CancelledError:
            if self.transport is not None:
                self.transport.abort()
            raise
        except Exception as error:
            _faults.error("an exchange failed inside the sidecar", exc_info=error)
            failed = ExchangeError("the sidecar failed; its log says why", code="internal_error")
            if not self.is_gone:  # as it is when a part of an answer was written
                self.say(self._purpose.refuse(failed))
        finally:
            self._task = None
            self._answered(incoming, goes_on=goes_on)

    def _answered(self, incoming: Incoming, *, goes_on: bool) -> None:
        if self.is_gone:
            return
        self._ends = self._ends or not goes_on
        if incoming.body.complete:
            self._go_on()
            return
        self._lingering = incoming
        incoming.body.discard()
        if self._broken is not None:
            self._end_once_quiet()
        else:
            self._loop.call_later(_LINGER, self._stop_lingering, incoming)

    def _go_on(self) -> None:
        """Begin the next, once all of the last request has been read."""
        if self._lingering is not None and not self._lingering.body.complete:
            if self._broken is not None:
                self._end_once_quiet()
            return
        self._lingering = None
        if self._ends:
            self._end()
        else:
            self._begin()
        self._hold()

    def _stop_lingering(self, incoming: Incoming) -> None:
        if self._lingering is incoming:
            self._end()

    def _end_once_quiet(self, looks: int = 50) -> None:
        """Close it when no more of what broke comes: unread, it were a reset (RFC 9112 §9.6)."""
        if not self._still_comes or not looks:
            self._end()
            return
        self._still_comes = False
        self._loop.call_later(_QUIET, self._end_once_quiet, looks - 1)

    def _end(self) -> None:
        """Close it after what was written."""
        self._ends = True
        self._waiting.clear()
        self.close(self._purpose.limits.read_idle)

    # Flow control and idleness.

    def _hold(self) -> None:
        """Read only as much as can be used."""
        full = bool(self._waiting) or self._reader.unread > HIGH_WATER
        if full == self._reading_paused or self.is_gone or self.transport is None:
            return
        self._reading_paused = full
        (self.transport.pause_reading if full else self.transport.resume_reading)()

    def _drained(self) -> None:
        if self._reading_paused:
            self._hold()

    def _waits(self) -> bool:
        """Whether it is the client's turn."""
        return not self.is_busy and self._lingering is None
