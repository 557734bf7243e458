"""Simulated connections: bytes that take their time, come in pieces, or never."""

import asyncio
import errno
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from tests.simulation.processes import OWNER

if TYPE_CHECKING:
    from tests.simulation.machine import SimulatedLoop


HIGH, LOW = 64 * 1024, 16 * 1024
"""Bytes under way at which a writer is told to pause, and to go on."""
CUT = 0.1
"""The share of writes that arrive in two parts."""


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
