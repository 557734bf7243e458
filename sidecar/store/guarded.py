"""Stands between calls and a shared store: a dead, slow or damaged one is as good as an empty one.

Reads are bounded by a timeout, writes are made behind the calls' backs, and a store that fails is
left alone for a while. One log line for each change. Knows nothing of what is kept.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from sidecar.clock import Clock
from sidecar.store import Backend, StoreDamaged
from sidecar.store.health import Health
from sidecar.store.patience import Patience
from sidecar.store.pending import Pending, Write
from sidecar.telemetry import logs
from sidecar.telemetry.store_stats import StoreStats

T = TypeVar("T")

_WRITE = 2.0
"""Seconds that a write may take, and a first connection: nobody waits for them."""
_FLUSH = 1.0
"""Seconds that writes which still wait get when the store is closed."""
_SWEEP = 60.0
_SWEEP_BYTES = 8 * 1024 * 1024
"""Bytes after which a sweep is made earlier."""
_TRIES = 3
"""How often a write is tried, since it may be the write itself that cannot be done."""


class _NoAnswer(Exception):
    """The store was not asked, or did not say."""


class GuardedStore:
    """A `Store` that never raises and never takes long.

    Args:
        backend: the store itself; it is closed with this one.
        kind: what it is called in log lines: `sqlite`, `redis`.
        timeout: seconds that `get` and `add` take at most.
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
        self._kind = kind
        self._timeout = timeout
        self.max_object = max_object
        self._clock = clock
        self.stats = stats
        self._health = Health()
        self._pending = Pending()
        self._patience = Patience()
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._swept = clock.now()
        self._written = 0
        stats.up = False

    def __repr__(self) -> str:
        return f"<GuardedStore {self._kind} {self._health!r}, {len(self._pending)} pending>"

    @property
    def up(self) -> bool:
        """Whether it is asked at all."""
        return self._health.up

    async def start(self) -> None:
        """Connect, shortly; if that fails, go on without and keep trying."""
        await self._probe()
        self._task = asyncio.create_task(self._run(), name=f"store {self._kind}")

    async def get(self, key: str) -> bytes | None:
        """What is kept under `key`; None also when the store does not say."""
        waiting = self._pending.get(key)
        if waiting is not None:
            return waiting.at(self._clock.now())
        try:
            value = await self._ask(lambda: self._backend.get(key))
        except _NoAnswer:
            return None
        self.stats.hits += value is not None
        self.stats.misses += value is None
        return value

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Have `value` kept, soon; at once for whoever asks here."""
        self.soon(key, value, ttl)

    def soon(self, key: str, value: bytes | None, ttl: float) -> None:
        """As `set`, or as `delete` where `value` is None, without waiting.

        A value that is too large only displaces what was there.
        """
        if value is None or len(value) > self.max_object:
            self.stats.dropped += value is not None
            self._put(key, Write(None, float("inf")))
        else:
            self._put(key, Write(value, self._clock.now() + ttl))

    async def add(self, key: str, value: bytes, ttl: float) -> bool | None:
        """Keep `value` if nothing is there, before this returns. None: the store does not say."""
        waiting = self._pending.get(key)
        try:
            if waiting is None:
                return await self._ask(lambda: self._backend.add(key, value, ttl))
            if waiting.at(self._clock.now()) is not None:
                return False
            self._taken(key, waiting)  # it was to be deleted anyway
            await self._ask(lambda: self._backend.set(key, value, ttl))
        except _NoAnswer:
            return None
        return True

    async def delete(self, key: str) -> None:
        """Have `key` forgotten, soon; at once for whoever asks here."""
        self.soon(key, None, 0.0)

    async def close(self) -> None:
        """Write what still waits, shortly; then close the store."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH):
                    while self._pending and self.up:
                        await self._write_next()
            self.stats.dropped += len(self._pending)
        self._health = Health()  # whoever still asks is told nothing
        try:
            await self._patience.end(_FLUSH)
            await self._patience.within(_WRITE, self._backend.close)
        except Exception as error:  # it is given up either way
            logs.event("store_close_failed", "debug", store=self._kind, error=type(error).__name__)

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        return {"kind": self._kind, **self._health.snapshot(), "pending": len(self._pending)}

    async def _ask(
        self, operation: Callable[[], Coroutine[Any, Any, T]], seconds: float = 0.0
    ) -> T:
        """The store's answer, if it gives one in time.

        Raises:
            _NoAnswer: it is down, or it failed now.
        """
        if not self.up:
            self.stats.skipped += 1
            raise _NoAnswer
        begun = self._clock.now()
        try:
            answer = await self._patience.within(seconds or self._timeout, operation)
        except Exception as error:  # whatever it is, the call goes on
            self._failed(error, begun)
            raise _NoAnswer from error
        self._health.succeeded(self._clock.now())
        return answer

    def _failed(self, error: Exception, begun: float) -> None:
        self.stats.failed("timeout" if isinstance(error, TimeoutError) else "error")
        damaged = isinstance(error, StoreDamaged)
        if self._health.failed(self._clock.now(), begun=begun, for_good=damaged):
            self._work.set()  # there is a probe to make
            self._say_down(error)

    def _say_down(self, error: Exception) -> None:
        self.stats.up = False
        logs.event("store_down", "warning", store=self._kind, error=type(error).__name__)

    async def _probe(self) -> None:
        """See whether it works (again)."""
        try:
            await self._patience.within(_WRITE, self._backend.open)
        except Exception as error:  # whatever it is, it is tried again later
            if self._health.probe_failed():
                self._say_down(error)
            return
        if self._health.probed(self._clock.now()):
            self.stats.up = True
            logs.event("store_up", store=self._kind)

    def _put(self, key: str, write: Write) -> None:
        self.stats.dropped += self._pending.put(key, write)
        self.stats.pending = len(self._pending)
        self._work.set()

    def _taken(self, key: str, write: Write) -> None:
        """Not to be written any more, unless something newer is."""
        self._pending.done(key, write)
        self.stats.pending = len(self._pending)

    async def _run(self) -> None:
        """What is done behind the calls' backs: writes, sweeps, and trying again."""
        while True:
            if not self.up:
                await self._clock.sleep(self._health.cooldown)
                await self._probe()
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
        try:
            if value is None or left <= 0:
                await self._ask(lambda: self._backend.delete(key), _WRITE)
            else:
                await self._ask(lambda: self._backend.set(key, value, left), _WRITE)
                self.stats.writes += 1
                self._written += write.size
        except _NoAnswer:
            if not self.up or write.tries < _TRIES:
                return
            self.stats.dropped += 1
        self._taken(key, write)

    async def _sweep(self) -> None:
        self._swept, self._written = self._clock.now(), 0
        try:
            await self._patience.within(_SWEEP, self._backend.sweep)
        except Exception as error:  # the next one may do better
            self._failed(error, self._swept)
