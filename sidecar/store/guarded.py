"""Stands between calls and a shared store: a dead, slow or damaged one is as good as an empty one.

Reads are bounded by a timeout, and writes are made behind the calls' backs. Knows nothing of what
is kept.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sidecar.clock import Clock
from sidecar.store import Backend
from sidecar.store.asking import Asking, NoAnswer
from sidecar.store.pending import Pending, Write
from sidecar.tasks import end
from sidecar.telemetry.store_stats import StoreStats

T = TypeVar("T")

_WRITE = 2.0
"""Seconds that a write may take: nobody waits for it."""
_FLUSH = 1.0
"""Seconds that writes which still wait get when the store is closed."""
_SWEEP = 60.0
_SWEEP_BYTES = 8 * 1024 * 1024
"""Bytes after which a sweep is made earlier."""
_TRIES = 3
"""How often a write is tried, since it may be the write itself that cannot be done."""


class GuardedStore:
    """A `Store` that never raises and never takes long.

    Args:
        backend: the store itself; it is closed with this one.
        kind: what it is called in log lines: `sqlite`, `redis`.
        timeout: seconds that `get` and `add` take at most; behind a deletion, `add` twice as long.
        max_object: bytes of one value; a larger one is not kept.
        clock: for the ends of what waits to be written.
        stats: counts.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        kind: str,
        timeout: float,
        max_object: int,
        clock: Clock,
        stats: StoreStats,
    ) -> None:
        self._backend = backend
        self._timeout = timeout
        self.max_object = max_object
        self._clock = clock
        self.stats = stats
        self._pending = Pending()
        self._writing: Write | None = None
        """What the store is being told at the moment."""
        self._told = asyncio.Event()
        self._work = asyncio.Event()
        self._asking = Asking(backend, kind, clock, stats, went_down=self._work.set)
        self._task: asyncio.Task[None] | None = None
        self._swept = clock.now()
        self._written = 0

    def __repr__(self) -> str:
        return f"<GuardedStore {self._asking!r}, {len(self._pending)} pending>"

    @property
    def up(self) -> bool:
        """Whether it is asked at all."""
        return self._asking.up

    async def start(self) -> None:
        """Connect, shortly; if that fails, go on without and keep trying."""
        await self._asking.probe()
        self._task = asyncio.create_task(self._run(), name=f"store {self._asking!r}")

    async def get(self, key: str) -> bytes | None:
        """What is kept under `key`; None also when the store does not say."""
        waiting = self._pending.get(key)
        if waiting is not None:
            return waiting.at(self._clock.now())
        try:
            value = await self._ask(lambda: self._backend.get(key))
        except NoAnswer:
            return None
        self.stats.hits += value is not None
        self.stats.misses += value is None
        return value

    async def get_all(self, keys: Sequence[str]) -> list[bytes | None] | None:
        """What is kept under each key; None when the store does not say. Not counted as reads."""
        before = [self._pending.get(key) for key in keys]
        try:
            found = await self._ask(lambda: self._backend.get_all(keys))
        except NoAnswer:
            return None
        if found is None:
            return None
        now = self._clock.now()
        writes = (self._pending.get(key) or write for key, write in zip(keys, before, strict=True))
        return [
            value if write is None else write.at(now)
            for value, write in zip(found, writes, strict=True)
        ]

    async def version(self) -> int | None:
        """Another number when somebody else has written; None when the store does not say."""
        try:
            return await self._ask(self._backend.version, _WRITE)
        except NoAnswer:
            return None

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Have `value` kept, soon; at once for whoever asks here."""
        self.soon(key, value, ttl)

    def soon(self, key: str, value: bytes | None, ttl: float, *, needed: bool = False) -> bool:
        """As `set`, or as `delete` where `value` is None, without waiting.

        A value that is too large only displaces what was there. Whether an earlier write that was
        needed had to be given up.
        """
        if value is None or len(value) > self.max_object:
            self.stats.dropped += value is not None
            return self._put(key, Write(None, float("inf"), needed=needed))
        return self._put(key, Write(value, self._clock.now() + ttl, needed=needed))

    async def add(self, key: str, value: bytes, ttl: float) -> bool | None:
        """Keep `value` if nothing is there, before this returns. None: the store does not say."""
        try:
            waiting = await self._waiting(key)
            if waiting is None:
                return await self._ask(lambda: self._backend.add(key, value, ttl))
            if waiting.at(self._clock.now()) is not None:
                return False
            self._taken(key, waiting)  # it was to be deleted anyway
            await self._ask(lambda: self._backend.set(key, value, ttl))
        except NoAnswer:
            return None
        return True

    async def delete(self, key: str) -> None:
        """Have `key` forgotten, soon; at once for whoever asks here."""
        self.soon(key, None, 0.0)

    async def close(self) -> None:
        """Write what still waits, shortly; then close the store."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)
            with suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH):
                    while self._pending and self.up:
                        await self._write_next()
            self.stats.dropped += len(self._pending)
        await self._asking.close(_FLUSH)

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        return {**self._asking.snapshot(), "pending": len(self._pending)}

    async def _ask(
        self, operation: Callable[[], Coroutine[Any, Any, T]], seconds: float = 0.0
    ) -> T:
        return await self._asking.ask(operation, seconds or self._timeout)

    async def _waiting(self, key: str) -> Write | None:
        """What waits to be written under `key`, after a deletion that is under way.

        What is there once that is done may be another's, who must not lose it.

        Raises:
            NoAnswer: the deletion takes too long.
        """
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    write = self._pending.get(key)
                    deletes = write is not None and write.at(self._clock.now()) is None
                    if not deletes or write is not self._writing:
                        return write
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            raise NoAnswer from None

    def _put(self, key: str, write: Write) -> bool:
        lost = self._pending.lost
        self.stats.dropped += self._pending.put(key, write)
        self.stats.pending = len(self._pending)
        self._work.set()
        return self._pending.lost > lost

    def _taken(self, key: str, write: Write) -> None:
        """Not to be written any more, unless something newer is."""
        self._pending.done(key, write)
        self.stats.pending = len(self._pending)

    async def _run(self) -> None:
        """What is done behind the calls' backs: writes, sweeps, and trying again."""
        while True:
            if not self.up:
                await self._clock.sleep(self._asking.cooldown)
                await self._asking.probe()
            elif self._clock.now() - self._swept >= _SWEEP or self._written >= _SWEEP_BYTES:
                await self._sweep()
            elif self._pending:
                await self._write_next()
            else:
                await self._idle()

    async def _idle(self) -> None:
        self._work.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SWEEP):
                await self._work.wait()

    async def _write_next(self) -> None:
        key, write = self._pending.first()
        left = write.expires - self._clock.now()
        value = write.value
        write.tries += 1
        self._writing = write
        try:
            if value is None or left <= 0:
                await self._ask(lambda: self._backend.delete(key), _WRITE)
            else:
                await self._ask(lambda: self._backend.set(key, value, left), _WRITE)
                self.stats.writes += 1
                self._written += write.size
        except NoAnswer:
            if not self.up or write.needed or write.tries < _TRIES:
                return
            self.stats.dropped += 1
        finally:
            self._writing = None
            self._told.set()
        self._taken(key, write)

    async def _sweep(self) -> None:
        self._swept, self._written = self._clock.now(), 0
        with suppress(NoAnswer):  # the next one may do better
            await self._ask(self._backend.sweep, _SWEEP)
