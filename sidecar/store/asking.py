"""Asks a store that may be dead, slow or damaged: an answer in time, or none.

One that fails is left alone for a while; one log line for each change. Knows no keys and no values.
"""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sidecar.clock import Clock
from sidecar.store import Backend, StoreDamaged
from sidecar.store.health import Health
from sidecar.store.patience import Patience
from sidecar.telemetry import logs
from sidecar.telemetry.store_stats import StoreStats

T = TypeVar("T")

_OPENING = 2.0
"""Seconds that a connection may take: nobody waits for it."""


class NoAnswer(Exception):
    """The store was not asked, or did not say."""


class Asking:
    """One store, as far as it answers.

    Args:
        backend: the store itself; it is closed with this.
        kind: what it is called in log lines.
        clock: for its times.
        stats: counts.
        went_down: called when it is passed over from now on.
    """

    def __init__(
        self,
        backend: Backend,
        kind: str,
        clock: Clock,
        stats: StoreStats,
        went_down: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._kind = kind
        self._clock = clock
        self._stats = stats
        self._went_down = went_down
        self._health = Health()
        self._patience = Patience()
        stats.up = False

    def __repr__(self) -> str:
        return f"{self._kind} {self._health!r}"

    @property
    def up(self) -> bool:
        """Whether it is asked at all."""
        return self._health.up

    @property
    def cooldown(self) -> float:
        """Seconds until it is to be probed, where it is not up."""
        return self._health.cooldown

    async def ask(self, operation: Callable[[], Coroutine[Any, Any, T]], seconds: float) -> T:
        """The store's answer, if it gives one in time.

        Raises:
            NoAnswer: it is down, or it failed now.
        """
        if not self.up:
            self._stats.skipped += 1
            raise NoAnswer
        begun = self._clock.now()
        try:
            answer = await self._patience.within(seconds, operation)
        except Exception as error:  # whatever it is, the call goes on
            self._failed(error, begun)
            raise NoAnswer from error
        self._health.succeeded(self._clock.now())
        return answer

    async def probe(self) -> None:
        """See whether it works (again)."""
        try:
            await self._patience.within(_OPENING, self._backend.open)
        except Exception as error:  # whatever it is, it is tried again later
            if self._health.probe_failed():
                self._say_down(error)
            return
        if self._health.probed(self._clock.now()):
            self._stats.up = True
            logs.event("store_up", store=self._kind)

    async def close(self, seconds: float) -> None:
        """Close it; whoever still asks is told nothing."""
        self._health = Health()
        try:
            await self._patience.end(seconds)
            await self._patience.within(_OPENING, self._backend.close)
        except Exception as error:  # it is given up either way
            logs.event("store_close_failed", "debug", store=self._kind, error=type(error).__name__)

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        return {"kind": self._kind, **self._health.snapshot()}

    def _failed(self, error: Exception, begun: float) -> None:
        self._stats.failed("timeout" if isinstance(error, TimeoutError) else "error")
        damaged = isinstance(error, StoreDamaged)
        if self._health.failed(self._clock.now(), begun=begun, for_good=damaged):
            self._went_down()
            self._say_down(error)

    def _say_down(self, error: Exception) -> None:
        self._stats.up = False
        logs.event("store_down", "warning", store=self._kind, error=type(error).__name__)
