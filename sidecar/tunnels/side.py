"""One of the two connections of a tunnel: what was seen on it, and how it is spoken to.

Passes back-pressure to the other side by itself; everything else is the tunnel's to decide.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol

from sidecar.core.websocket_frames import Frames
from sidecar.switched import Line
from sidecar.telemetry.tunnel_stats import Flow

_PROBES = 3
"""Signs of life that are asked for in vain before a connection counts as lost."""


class Watcher(Protocol):
    """Who is told what happens on a side."""

    def came(self, side: "Side", data: bytes) -> None:
        """It sent bytes."""
        ...

    def ended(self, side: "Side") -> None:
        """It sends no more."""
        ...

    def gone(self, side: "Side", error: Exception | None) -> None:
        """Its connection is gone, whether or not it ended before; with `error`, broken off."""
        ...


class Side(asyncio.Protocol):
    """The application's connection, or the upstream's.

    Args:
        line: the connection.
        flow: the figures of what it sends.
        masked: whether its frames must be masked.
        watcher: who is told.
    """

    other: "Side"

    def __init__(self, line: Line, flow: Flow, watcher: Watcher, *, masked: bool) -> None:
        self.transport = line.transport
        self.early = line.early
        self.flow = flow
        self.frames = Frames(masked=masked)
        self.bytes = 0
        """How many it sent."""
        self.is_ended = False
        """Whether it sends no more."""
        self.is_gone = False
        self.is_mute = False
        """Whether what it sends goes no further."""
        self.is_full = False
        """Whether it reads more slowly than the other side sends."""
        self.farewell: bytes | None = None
        """A close frame that the other side gets when the frame that this one sends has ended."""
        self._watcher = watcher
        self._told_end = False
        self._heir: Callable[[Exception | None], None] | None = None

    def __repr__(self) -> str:
        state = "gone" if self.is_gone else "ended" if self.is_ended else "open"
        return f"<Side {state}, {self.bytes} bytes, {self.frames!r}>"

    def attach(self) -> None:
        """Be told from now on what happens on the connection. Reading stays paused."""
        self.transport.set_protocol(self)

    def say(self, data: bytes) -> None:
        """Send bytes to it; nothing where it takes no more."""
        if data and not self._told_end and not self.transport.is_closing():
            self.transport.write(data)

    @property
    def can_be_told_end(self) -> bool:
        """Whether it can be told that nothing more comes while it is still listened to.

        With TLS it cannot: asyncio ends both directions at once.
        """
        return self.transport.can_write_eof()

    def tell_end(self) -> None:
        """Tell it that nothing more comes, after what was said."""
        if not self._told_end and not self.transport.is_closing():
            self._told_end = True
            self.transport.write_eof()

    def hold(self) -> None:
        """Read nothing from it."""
        if not self.is_ended and not self.transport.is_closing():
            self.transport.pause_reading()

    def release(self) -> None:
        """Read on, unless the other side has not caught up with what it sent."""
        is_waited_for = self.other.is_full and not self.is_mute
        if not is_waited_for and not self.is_ended and not self.transport.is_closing():
            self.transport.resume_reading()

    def when_gone(self, callback: Callable[[Exception | None], None]) -> None:
        """Tell somebody else as well when it is gone; at once if it is."""
        if self.is_gone:
            callback(None)
        else:
            self._heir = callback

    def keep_alive(self, seconds: float) -> None:
        """Have the system ask for a sign of life after `seconds` of silence (RFC 9293 §3.8.4)."""
        sock = self.transport.get_extra_info("socket")
        if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        idle, every = max(1, round(seconds)), max(1, round(seconds / _PROBES))
        for name, value in (
            ("TCP_KEEPIDLE", idle),
            ("TCP_KEEPINTVL", every),
            ("TCP_KEEPCNT", _PROBES),
        ):
            option = getattr(socket, name, None)  # not every system has each
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    # What follows is called by the event loop.

    def data_received(self, data: bytes) -> None:
        """It sent bytes."""
        self._watcher.came(self, data)

    def eof_received(self) -> bool:
        """It sends no more; over TCP it may still listen."""
        self._watcher.ended(self)
        return self.can_be_told_end

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.is_gone, self.is_full = True, False
        self._watcher.gone(self, exc)
        if self._heir is not None:
            self._heir(exc)

    def pause_writing(self) -> None:
        """It reads more slowly than the other side sends."""
        self.is_full = True
        self.other.hold()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.is_full = False
        self.other.release()
