"""The steps that a scripted upstream plays, and the usual scripts made of them."""

import asyncio

from tests.support import wire
from tests.support.upstream import Connection, Script, Step
from tests.support.wire import WireRequest


def send(data: bytes) -> Step:
    """Write these bytes."""

    async def step(connection: Connection, _: WireRequest) -> None:
        await connection.send(data)

    return step


def trickle(data: bytes, *, every: float, size: int = 1) -> Step:
    """Write `size` bytes, then wait, until all is written."""

    async def step(connection: Connection, _: WireRequest) -> None:
        for start in range(0, len(data), size):
            await connection.send(data[start : start + size])
            await asyncio.sleep(every)

    return step


def generate(chunk: bytes, times: int) -> Step:
    """Write `chunk` again and again; it exists once in memory."""

    async def step(connection: Connection, _: WireRequest) -> None:
        for _count in range(times):
            await connection.send(chunk)

    return step


def later(data: bytes, delay: float) -> Step:
    """Write these bytes after `delay` seconds, while the script goes on."""

    async def step(connection: Connection, _: WireRequest) -> None:
        async def speak() -> None:
            await asyncio.sleep(delay)
            await connection.send(data)

        connection.later.append(asyncio.ensure_future(speak()))

    return step


def close_later(delay: float) -> Step:
    """Close cleanly after `delay` seconds, while the script goes on."""

    async def step(connection: Connection, _: WireRequest) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(delay, connection.transport.close)

    return step


def wait(seconds: float) -> Step:
    """Do nothing for a while."""

    async def step(_: Connection, __: WireRequest) -> None:
        await asyncio.sleep(seconds)

    return step


async def body(_: Connection, request: WireRequest) -> None:
    """Wait until the request's body is complete."""
    await request.complete.wait()


async def stall(_: Connection, __: WireRequest) -> None:
    """Do nothing for ever."""
    await asyncio.Event().wait()


async def deaf(connection: Connection, _: WireRequest) -> None:
    """Stop reading what the sidecar sends."""
    connection.transport.pause_reading()


async def close(connection: Connection, _: WireRequest) -> None:
    """End the connection cleanly, after what was written."""
    connection.transport.close()


async def reset(connection: Connection, _: WireRequest) -> None:
    """End the connection with a TCP reset."""
    await asyncio.sleep(0.02)  # what was written must be on the wire before
    wire.reset(connection.transport)


def message(
    content: bytes = b"ok", *headers: bytes, status: bytes = b"200 OK", framed: bool = True
) -> bytes:
    """A response as bytes; `framed` adds its Content-Length."""
    length = (b"Content-Length: %d" % len(content),) if framed else ()
    lines = (b"HTTP/1.1 " + status, *headers, *length)
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def reply(content: bytes = b"ok", *headers: bytes, status: bytes = b"200 OK") -> Script:
    """Read the whole request, answer it, keep the connection."""
    return (body, send(message(content, *headers, status=status)))


OK: Script = reply()
