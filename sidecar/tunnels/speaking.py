"""A WebSocket on which the sidecar itself speaks: it says messages, and hears nothing but the end.

Bounded on all sides: what is not read is not kept, and who does not answer a ping is left. Knows
nothing of what is said.
"""

import asyncio
import logging
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from sidecar.exchange import Response, Timeline

_faults = logging.getLogger("sidecar.fault")
logging.getLogger("aiohttp.websocket").disabled = True
"""It repeats the subprotocols that a client names, and some name their token there."""

_BEAT = 20.0
"""Seconds between pings; half of that may pass before the answer."""
_MOST_HEARD = 4096
"""Bytes of a message that the client may send; they are thrown away."""
_FAREWELL = 2.0
"""Seconds for the client to say goodbye."""


async def speak(
    request: web.BaseRequest, response: Response, timeline: Timeline, patience: float
) -> web.StreamResponse:
    """Open the WebSocket that is asked for, and say what the body has, until either ends it.

    Args:
        request: the handshake, which was checked.
        response: each `read` of its body is one message; closed when this returns or raises.
        timeline: where the bytes are counted.
        patience: seconds that the client may leave what is said unread.
    """
    socket = web.WebSocketResponse(
        compress=False, heartbeat=_BEAT, max_msg_size=_MOST_HEARD, timeout=_FAREWELL
    )
    socket.headers["Server"] = "sidecar"  # else aiohttp names itself
    left = False
    try:
        await socket.prepare(request)
        said = asyncio.ensure_future(_say(socket, response, timeline, patience))
        heard = asyncio.ensure_future(_hear(socket))
        try:
            await asyncio.wait((said, heard), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (said, heard):
                task.cancel()
            results = await asyncio.gather(said, heard, return_exceptions=True)
        fault = results[0] if isinstance(results[0], Exception) else None
        left = isinstance(fault, TimeoutError | ConnectionError)
        if not left:
            if fault is not None:
                _faults.error("a WebSocket failed inside the sidecar", exc_info=fault)
            code = WSCloseCode.INTERNAL_ERROR if fault else WSCloseCode.GOING_AWAY
            await socket.close(code=code, message=b"no more is said here")
    except ConnectionError:
        left = True
    finally:
        response.close()
        if left and request.transport is not None:
            request.transport.abort()
    return socket


async def _say(
    socket: web.WebSocketResponse, response: Response, timeline: Timeline, patience: float
) -> None:
    while message := await response.body.read():
        async with asyncio.timeout(patience):
            await socket.send_str(message.decode())
        timeline.bytes_down += len(message)


async def _hear(socket: web.WebSocketResponse) -> None:
    """Until the client ends it. What it says is thrown away; pings are answered by aiohttp."""
    with suppress(ConnectionError):
        while (await socket.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            pass
