"""The upstream that takes its time: an answer after 50 ms, or 20 events 50 ms apart.

Each answer says how long it was held, and each event when it was sent, by the clock that all
processes of the machine share, so that the lateness of timers is in no figure. A program.
"""

import argparse
import asyncio
import re
import time
from typing import cast

import uvloop

from bench.load import BODY

DELAY = 0.05
"""Seconds before an answer, and between two events."""
EVENTS = 20
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAMED = b":streamGenerateContent"
_PADDING = "x" * (BODY - len('{"held":"000000000","body":""}'))
_HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {BODY}\r\n\r\n".encode()
)
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


class _Connection(asyncio.Protocol):
    """One request at a time: it trusts who calls."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._received, 0, end)
        if len(self._received) < end + 4 + (int(length[1]) if length else 0):
            return
        streamed = _STREAMED in self._received[: self._received.index(b"\r\n")]
        self._received = b""
        if streamed:
            self._transport.write(_STREAM_HEAD)
            self._event(EVENTS)
        else:
            self._loop.call_later(DELAY, self._answer, time.monotonic_ns())

    def _answer(self, since: int) -> None:
        held = (time.monotonic_ns() - since) // 1000
        self._transport.write(_HEAD + f'{{"held":"{held:09}","body":"{_PADDING}"}}'.encode())

    def _event(self, left: int) -> None:
        part = f'{{"content":{{"parts":[{{"text":"{time.monotonic_ns()}"}}],"role":"model"}}'
        end = "}" if left > 1 else ',"finishReason":"STOP"}'
        frame = f'data: {{"candidates":[{part}{end}]}}\r\n\r\n'.encode()
        chunk = b"%x\r\n%b\r\n" % (len(frame), frame)
        if left > 1:
            self._transport.write(chunk)
            self._loop.call_later(DELAY, self._event, left - 1)
        else:
            self._transport.write(chunk + b"0\r\n\r\n")


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    """Serve until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
