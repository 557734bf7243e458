"""A network that takes its time, so that answers of a server that does one thing after the other
overtake each other: by chance, or when a test wants it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

MOST = 0.01
"""Seconds that the bytes of one read may wait, where chance decides."""

Wait = Callable[[bytes], Awaitable[object]]
"""Waits before bytes go on; given what was sent on the connection last."""


@asynccontextmanager
async def relayed(port: int, wait: Wait) -> AsyncIterator[str]:
    """The URL of a relay to `port` on the loopback interface; answers wait."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        sent = b""

        async def asks() -> None:
            nonlocal sent
            while data := await reader.read(65536):
                sent = data
                back.write(data)
            back.close()

        async def answers() -> None:
            while data := await there.read(65536):
                await wait(sent)
                writer.write(data)
            writer.close()

        with suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(asks(), answers())
        for end in (back, writer):
            end.close()
        connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def jitter(dice: Random) -> Wait:
    """Every answer waits for a random time."""
    return lambda _sent: asyncio.sleep(dice.uniform(0, MOST))


@dataclass
class Held:
    """Keeps back the answer to the first request that holds `marker`."""

    marker: bytes
    is_held: asyncio.Event = field(default_factory=asyncio.Event)
    """The server has answered, and nobody knows yet."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, sent: bytes) -> None:
        """Wait, if it is that one."""
        if self.marker in sent and not self.is_held.is_set():
            self.is_held.set()
            await self.let_go.wait()
