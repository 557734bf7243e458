"""A guarded store over a backend whose mood a test sets, on a clock that lets probes happen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from sidecar.clock import Clock
from sidecar.store.guarded import GuardedStore
from sidecar.telemetry.store_stats import StoreStats
from tests.support.clock import FakeClock
from tests.support.memory_store import Memory, MemoryStore

Mood = Exception | Literal["hang"] | None


class Backend(MemoryStore):
    """A store whose mood can be set: fine, an error to raise, or a wait that never ends."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Memory(), clock)
        self.mood: Mood = None
        self.asked: list[tuple[str, ...]] = []
        self.swept = 0
        self.closed = False

    async def _feel(self, *what: str) -> None:
        self.asked.append(what)
        if self.mood == "hang":
            await asyncio.Event().wait()
        if isinstance(self.mood, Exception):
            raise self.mood

    async def open(self) -> None:
        """As the mood is."""
        await self._feel("open")

    async def get(self, key: str) -> bytes | None:
        """As the mood is."""
        await self._feel("get", key)
        return await super().get(key)

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """As the mood is."""
        await self._feel("set", key)
        await super().set(key, value, ttl)

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        """As the mood is."""
        await self._feel("add", key)
        return await super().add(key, value, ttl)

    async def delete(self, key: str) -> None:
        """As the mood is."""
        await self._feel("delete", key)
        await super().delete(key)

    async def sweep(self) -> None:
        """It is counted."""
        self.swept += 1

    async def close(self) -> None:
        """It is noted."""
        self.closed = True


class Probing(FakeClock):
    """Time that passes only when a test lets the next probe happen."""

    def __init__(self) -> None:
        super().__init__()
        self.next = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Until `next` is set."""
        self.slept.append(seconds)
        await self.next.wait()
        self.next.clear()
        self.advance(seconds)


@asynccontextmanager
async def guarding(
    *, start: bool = True, timeout: float = 0.05, mood: Mood = None
) -> AsyncIterator[tuple[GuardedStore, Backend, Probing]]:
    """A guarded store, what is behind it, and its clock."""
    clock = Probing()
    backend = Backend(clock)
    backend.mood = mood
    store = GuardedStore(
        backend, kind="test", timeout=timeout, max_object=1000, clock=clock, stats=StoreStats()
    )
    if start:
        await store.start()
    try:
        yield store, backend, clock
    finally:
        await store.close()


async def bring_down(store: GuardedStore, backend: Backend, mood: Mood) -> None:
    """Ask until it is given up."""
    backend.mood = mood
    while store.up:
        assert await store.get("x") is None
