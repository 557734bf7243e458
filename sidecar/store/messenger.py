"""Tells other sidecars what changed here, and hears what they changed.

What cannot be sent now is sent later, as one. The server is asked time and again whether it still
passes messages on, so that one that hangs is not taken for silence. Knows no answers.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from sidecar.clock import Clock
from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.news import News, Outbox
from sidecar.store.message import Event, Message, decode, encode
from sidecar.store.patience import Patience
from sidecar.telemetry import logs
from sidecar.telemetry.message_stats import MessageStats

_FIRST, _LONGEST = 0.1, 2.0
"""Seconds between two tries: doubled each time."""
_SILENCE = 2.0
"""Seconds without an answer to a ping, after which the connection is given up."""
_PATIENCE = 5.0
_LAST_WORDS = 0.5


class Channel(Protocol):
    """Where messages go; `store/redis_channel.py` is one."""

    async def subscribe(self) -> None:
        """Ask for what is sent from now on, on a new connection; `read` says when it begins."""
        ...

    async def ping(self) -> None:
        """Ask for a `pong`: it comes after all messages that were sent before."""
        ...

    async def read(self, seconds: float) -> Event | None:
        """What comes next, if it does within so many seconds."""
        ...

    async def publish(self, data: bytes) -> None:
        """Send a message to all who listen."""
        ...

    async def close(self) -> None:
        """Give all connections back."""
        ...


class Messenger:
    """The messages of one process.

    Args:
        channel: where they go.
        origin: this process, another name for each.
        secret: signs them; the same for all who share the store.
        hearing: is told how far everything was heard.
        clock: its wall clock.
        stats: counts.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        origin: str,
        secret: bytes,
        hearing: Hearing,
        clock: Clock,
        stats: MessageStats,
    ) -> None:
        self._channel = channel
        self._origin = origin
        self._secret = secret
        self._hearing = hearing
        self._clock = clock
        self.stats = stats
        self._outbox = Outbox()
        self._work = asyncio.Event()
        self._patience = Patience()
        self._tasks: list[asyncio.Task[None]] = []
        self._ping = hearing.interval
        self._said_down = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<Messenger {'up' if self.stats.up else 'down'} {self._outbox!r}>"

    def tell(self, news: News) -> None:
        """Have others told, at once."""
        self._outbox.put(news)
        self._work.set()

    def start(self, heard: Callable[[News], None]) -> None:
        """Begin to listen; `heard` is called with what others tell."""
        for work in (self._listen(heard), self._send()):
            self._tasks.append(asyncio.create_task(work, name=f"messages {self._origin}"))

    async def close(self) -> None:
        """Say what is still to be said, shortly; then nothing any more."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
            if self.stats.up:
                await self._deliver(_LAST_WORDS)
        try:
            await self._patience.within(_LAST_WORDS, self._channel.close)
            await self._patience.end(_LAST_WORDS)
        except Exception as error:  # it is given up either way
            logs.event("messages_close_failed", "debug", error=type(error).__name__)

    async def _send(self) -> None:
        wait = _FIRST
        while not self._closed:
            await self._work.wait()
            self._work.clear()
            while len(self._outbox):
                if await self._deliver(_PATIENCE):
                    wait = _FIRST
                else:
                    await self._clock.sleep(wait)
                    wait = min(_LONGEST, wait * 2)

    async def _deliver(self, seconds: float) -> bool:
        """Send what waits; whether the server took it."""
        news = self._outbox.take()
        if news is None:
            return True
        data = encode(Message(self._origin, news), self._secret)
        sent = False
        try:
            await self._patience.within(seconds, lambda: self._channel.publish(data))
            sent = True
            self.stats.sent += 1
        except Exception:  # whatever it is, it is tried again
            self.stats.failed += 1
        finally:
            if not sent:  # or nobody knows: twice is not too often
                self._outbox.put(news)
        return sent

    async def _listen(self, heard: Callable[[News], None]) -> None:
        wait = _FIRST
        while not self._closed:
            try:
                await self._patience.within(_PATIENCE, self._channel.subscribe)
                await self._hear(heard)
            except Exception as error:  # whatever it is, it is tried again
                wait = _FIRST if self.stats.up else min(_LONGEST, wait * 2)
                self._say_down(error)
            await self._clock.sleep(wait)

    async def _hear(self, heard: Callable[[News], None]) -> None:
        """Read until something goes wrong.

        Raises:
            Exception: of the channel; TimeoutError where the server does not answer.
        """
        asked_at, asked_wall = self._clock.now(), self._clock.wall()
        waiting = True
        while not self._closed:
            now = self._clock.now()
            if waiting and now - asked_at > _SILENCE:
                raise TimeoutError
            if not waiting and now - asked_at >= self._ping:
                asked_at, asked_wall, waiting = now, self._clock.wall(), True
                await self._patience.within(_SILENCE, self._channel.ping)
            event = await self._patience.within(
                self._ping + _SILENCE, lambda: self._channel.read(self._ping)
            )
            if event == "subscribed":
                self._say_up()
                waiting = False
            elif event == "pong":
                self._hearing.heard(asked_wall)
                waiting = False
            elif event is not None:
                self._message(event, heard)

    def _message(self, data: bytes, heard: Callable[[News], None]) -> None:
        message = decode(data, self._secret)
        if message is None:
            self.stats.unreadable += 1
        elif message.origin != self._origin:
            self.stats.heard += 1
            heard(message.news)

    def _say_up(self) -> None:
        self._hearing.begin(self._clock.wall())
        if not self.stats.up:
            self.stats.up, self._said_down = True, False
            logs.event("messages_up", store="redis")

    def _say_down(self, error: Exception) -> None:
        self.stats.up = False
        if not self._said_down:
            self._said_down = True
            logs.event("messages_down", "warning", store="redis", error=type(error).__name__)
