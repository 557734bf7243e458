"""A WebSocket on which the sidecar itself speaks: it says messages, and hears nothing but the end.

Bounded on all sides: what is not read is not kept, and who does not answer a ping is left. Knows
nothing of what is said.
"""

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress

from sidecar.core.websocket import SWITCH, accepting
from sidecar.core.websocket_frames import close_frame
from sidecar.core.websocket_talk import CLOSE, PING, PONG, TEXT, BrokenFrames, Heard, frame
from sidecar.downstream import response_head
from sidecar.exchange import Response, Timeline
from sidecar.serving import Connection, Incoming
from sidecar.switched import Line

_BEAT = 20.0
"""Seconds between pings."""
_ANSWER = 10.0
"""Seconds for the client's answer to one."""
_FAREWELL = 2.0
"""Seconds for the client to say goodbye."""
_NORMAL, _GOING_AWAY, _PROTOCOL_ERROR, _FAULT = 1000, 1001, 1002, 1011
"""Status codes of close frames (RFC 6455 §7.4.1)."""


async def speak(
    connection: Connection,
    incoming: Incoming,
    response: Response,
    timeline: Timeline,
    patience: float,
) -> None:
    """Open the WebSocket that is asked for, and say what the body has, until either ends it.

    Args:
        connection: the application's.
        incoming: the handshake, which was checked.
        response: each `read` of its body is one message; closed when this returns or raises.
        timeline: where the bytes are counted.
        patience: seconds that the client may leave what is said unread.
    """
    try:
        line = connection.hand_over()
    except ConnectionError:
        response.close()
        return
    talk = _Talk(line, connection.connection_lost)
    try:
        response.headers = [*SWITCH, *accepting(incoming.headers)]
        talk.begin(response_head(response, []))
        await _until_either_ends(talk, _say(talk, response, timeline, patience))
    except TimeoutError:
        line.abort()
    finally:
        response.close()
        talk.end()


async def _until_either_ends(talk: "_Talk", saying: "asyncio.Future[None]") -> None:
    beating = asyncio.ensure_future(_beat(talk))
    try:
        await asyncio.wait((saying, beating, talk.over), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (saying, beating):
            task.cancel()
        results = await asyncio.gather(saying, beating, return_exceptions=True)
    fault = next((each for each in results if isinstance(each, Exception)), None)
    if isinstance(fault, TimeoutError):
        raise fault
    if not talk.over.done():
        code = _GOING_AWAY if fault is None else _FAULT
        talk.say(close_frame(code, "no more is said here"))
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await talk.over
    if fault is not None:
        raise fault


def _say(
    talk: "_Talk", response: Response, timeline: Timeline, patience: float
) -> "asyncio.Future[None]":
    async def saying() -> None:
        while message := await response.body.read():
            talk.say(frame(TEXT, message))
            timeline.bytes_down += len(message)
            async with asyncio.timeout(patience):
                await talk.writable.wait()
            await asyncio.sleep(0)  # a body that always has more must not keep all others waiting

    return asyncio.ensure_future(saying())


async def _beat(talk: "_Talk") -> None:
    """Ask for a sign of life, again and again.

    Raises:
        TimeoutError: there was none.
    """
    while True:
        await asyncio.sleep(_BEAT)
        talk.heard.clear()
        talk.say(frame(PING, b""))
        async with asyncio.timeout(_ANSWER):
            await talk.heard.wait()


class _Talk(asyncio.Protocol):
    """The connection.

    Args:
        line: the connection.
        gone: told when it is gone.
    """

    def __init__(self, line: Line, gone: Callable[[Exception | None], None]) -> None:
        self._line = line
        self._gone = gone
        self._frames = Heard()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the client has said goodbye, or is gone."""
        self.writable = asyncio.Event()
        self.writable.set()
        self.heard = asyncio.Event()
        self._ping: bytes | None = None
        """What the last ping said that is not answered, because the client does not read."""

    def begin(self, head: bytes) -> None:
        """Answer the handshake."""
        transport = self._line.transport
        transport.set_protocol(self)
        self.say(head)
        if self._line.early:
            self.data_received(self._line.early)
        if not transport.is_closing():
            transport.resume_reading()

    def say(self, data: bytes) -> None:
        """Send it, if the client is there."""
        if not self._line.transport.is_closing():
            self._line.transport.write(data)

    def end(self) -> None:
        """Close it after what was said."""
        self._line.transport.close()

    def data_received(self, data: bytes) -> None:
        """The client sent bytes."""
        self.heard.set()
        try:
            controls = self._frames.feed(data)
        except BrokenFrames as broken:
            self._finish(close_frame(broken.code, str(broken)))
            return
        for control in controls:
            if control.opcode == PING:
                self._ping = control.payload
                self._answer_ping()
            elif control.opcode == CLOSE:
                self._finish(close_frame(_code(control.payload), ""))
                return

    def _answer_ping(self) -> None:
        """Answer the last one, which is enough (RFC 6455 §5.5.3), once the client reads."""
        if self._ping is not None and self.writable.is_set() and not self.over.done():
            ping, self._ping = self._ping, None
            self.say(frame(PONG, ping))

    def _finish(self, farewell: bytes) -> None:
        if not self.over.done():
            self.say(farewell)
            self.over.set_result(None)

    def eof_received(self) -> None:
        """The client sends no more; returning None closes."""

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if not self.over.done():
            self.over.set_result(None)
        self.writable.set()
        self._gone(exc)

    def pause_writing(self) -> None:
        """The client reads more slowly than is said."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.writable.set()
        self._answer_ping()


def _code(payload: bytes) -> int:
    """The code to answer with: the client's own, if that may be sent (RFC 6455 §7.4)."""
    if len(payload) < 2:
        return _NORMAL
    code: int = struct.unpack("!H", payload[:2])[0]
    return code if 1000 <= code < 5000 and code not in (1004, 1005, 1006) else _PROTOCOL_ERROR
