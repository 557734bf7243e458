"""The load of events: streams that run at the same time, and how late each of their chunks is."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

import uvloop

from bench.load import HEADERS, LoadError, Run
from bench.proxy.place import Door
from bench.proxy.slow import DELAY, EVENTS

PATH = "/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse"
STREAMS = 8
"""At the same time, begun at equal distances within the pause between two events."""
BODY = b'{"contents":[{"parts":[{"text":"Tell me a story."}]}]}'
_SENT = re.compile(rb'"text":"(\d+)"')
_PATIENCE = 3.0


def streamed(door: Door, times: int) -> Run:
    """`STREAMS` streams, so many times one after the other; the delays of their chunks.

    The time is between sending a chunk at the upstream and its coming here, all in all.

    Raises:
        LoadError: a stream was not complete.
    """
    began = time.monotonic()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        delays = [delay for _ in range(times) for delay in runner.run(_streams(door))]
    delays.sort()
    p50, p99 = (delays[int(len(delays) * q)] for q in (0.5, 0.99))
    return Run(len(delays), time.monotonic() - began, p50, p99)


async def _streams(door: Door) -> list[float]:
    streams = (_stream(door, number * DELAY / STREAMS) for number in range(STREAMS))
    return [delay for one in await asyncio.gather(*streams) for delay in one]


async def _stream(door: Door, after: float) -> list[float]:
    await asyncio.sleep(after)
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    delays: list[float] = []

    def heard(delay: float) -> None:
        delays.append(delay)
        if len(delays) == EVENTS and not done.done():
            done.set_result(None)

    request = _request(door)
    transport, _ = await loop.create_connection(
        lambda: _Connection(request, heard), "127.0.0.1", door.port
    )
    try:
        await asyncio.wait_for(done, EVENTS * DELAY + _PATIENCE)
    except TimeoutError:
        why = f"{len(delays)} of {EVENTS} events came through port {door.port}"
        raise LoadError(why) from None
    finally:
        transport.close()
    return delays


def _request(door: Door) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
    fields += f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
    head = f"POST {door.prefix}{PATH} HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\n{fields}\r\n"
    return head.encode() + BODY


class _Connection(asyncio.Protocol):
    """Tells `heard` how late each event is, in µs."""

    def __init__(self, request: bytes, heard: Callable[[float], None]) -> None:
        self._request = request
        self._heard = heard
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self._received += data
        end = 0
        for found in _SENT.finditer(self._received):
            self._heard((now - int(found[1])) / 1000)
            end = found.end()
        self._received = self._received[end:]
