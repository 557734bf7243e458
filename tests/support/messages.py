"""A server that passes messages on, in what mood a test wants, and sidecars that talk by it."""

import asyncio
from collections import deque
from typing import Literal

from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.news import News
from sidecar.store.messenger import Messenger
from sidecar.telemetry.message_stats import MessageStats
from tests.support.virtual_time import VirtualClock

SECRET = b"secret"
Event = Literal["subscribed", "pong"] | bytes


class Server:
    """Passes messages on, as long as it is well."""

    def __init__(self) -> None:
        self.channels: list[Channel] = []
        self.published: list[bytes] = []
        self.mood = "well"

    async def feel(self) -> None:
        """Hang or fail, as its mood is."""
        if self.mood == "frozen":
            await asyncio.Event().wait()
        if self.mood == "gone":
            raise ConnectionError

    def send(self, data: bytes) -> None:
        """To all who listen."""
        self.published.append(data)
        for channel in self.channels:
            if channel.events is not None:
                channel.put(data)

    def go(self) -> None:
        """End all connections."""
        self.mood = "gone"
        for channel in self.channels:
            channel.events = None
            channel.some.set()


class Channel:
    """One process's connection to it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.events: deque[Event] | None = None
        self.some = asyncio.Event()
        self.tries = self.subscribed = 0
        self.closed = False
        server.channels.append(self)

    def put(self, event: Event) -> None:
        """It comes."""
        assert self.events is not None
        self.events.append(event)
        self.some.set()

    async def subscribe(self) -> None:
        """As Channel.subscribe."""
        self.events = None
        self.tries += 1
        await self.server.feel()
        self.subscribed += 1
        self.events = deque()
        self.put("subscribed")

    async def ping(self) -> None:
        """As Channel.ping."""
        if self.server.mood == "well":
            self.put("pong")

    async def read(self, seconds: float) -> Event | None:
        """As Channel.read."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if self.events is None:
                        raise ConnectionError
                    if self.events and self.server.mood == "well":
                        return self.events.popleft()
                    self.some.clear()
                    await self.some.wait()
        except TimeoutError:
            return None

    async def publish(self, data: bytes) -> None:
        """As Channel.publish."""
        await self.server.feel()
        self.server.send(data)

    async def close(self) -> None:
        """As Channel.close."""
        self.closed = True


class Process:
    """One sidecar's messages, and what it heard."""

    def __init__(self, server: Server, origin: str, recheck: float = 5.0) -> None:
        self.hearing = Hearing(recheck)
        self.heard: list[News] = []
        self.channel = Channel(server)
        self.messenger = Messenger(
            self.channel,
            origin=origin,
            secret=SECRET,
            hearing=self.hearing,
            clock=VirtualClock(),
            stats=MessageStats(),
        )
        self.messenger.start(self.heard.append)

    @property
    def stats(self) -> MessageStats:
        """Its figures."""
        return self.messenger.stats

    def lag(self) -> float:
        """Seconds since the last instant up to which it heard everything."""
        return VirtualClock().wall() - self.hearing._until


async def two() -> tuple[Server, Process, Process]:
    """A server, and two sidecars that listen."""
    server = Server()
    processes = Process(server, "one"), Process(server, "other")
    await asyncio.sleep(0.01)
    return server, *processes


async def end(*processes: Process) -> None:
    """They stop."""
    for process in processes:
        await process.messenger.close()
        assert process.channel.closed
