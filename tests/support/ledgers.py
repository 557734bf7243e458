"""Sidecars with a ledger of keys before one upstream that plays what a test says."""

import asyncio
from typing import Any

from sidecar.config.ledger import Ledger as Config
from sidecar.core.ledger import Ledger
from sidecar.core.ledger_key import LedgerKeys
from sidecar.errors import ConnectError, ExchangeError, UpstreamReset
from sidecar.exchange import Exchange, Response, stack
from sidecar.judgement import Judgement, Kind
from sidecar.layers.ledger import Parts, ledger
from sidecar.store.ledger import SharedLedger
from sidecar.telemetry.ledger_stats import LedgerStats
from tests.support.bodies import whole
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.memory_store import Memory, MemoryStore

UNSENT = ConnectError("refused", code="connect_error")
RESET = UpstreamReset("reset", code="upstream_reset")


class Slow:
    """A body whose chunks come when they are given."""

    length: int | None = None

    def __init__(self) -> None:
        self.chunks: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    def take(self) -> bytes | None:
        """Nothing is at hand."""
        return None

    async def read(self) -> bytes:
        """The next chunk, once it is given."""
        chunk = await self.chunks.get()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk


class Gate:
    """An outcome that comes when it is let go."""

    def __init__(self, outcome: Response | Exception) -> None:
        self.outcome = outcome
        self.open = asyncio.Event()


Outcome = Response | Exception | Gate


class World:
    """One or more sidecars before one upstream that plays `outcomes` in order."""

    def __init__(
        self,
        *outcomes: Outcome,
        sidecars: int = 1,
        store: MemoryStore | None = None,
        clock: FakeClock | None = None,
        **config: Any,
    ) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[Exchange] = []
        self.clock = clock or FakeClock(start=100.0)
        self.config = Config(**config)
        self.store = store
        self.parts = [self._parts() for _ in range(sidecars)]
        self.handlers = [stack(ledger(parts), on=self._upstream) for parts in self.parts]

    def _parts(self) -> Parts:
        config = self.config
        return Parts(
            config=config,
            keys=LedgerKeys(config.header, b"secret"),
            ledger=Ledger(config.keep, config.max_size, honoured=config.honoured),
            stats=LedgerStats(),
            clock=self.clock,
            shared=SharedLedger(self.store, config.keep, self.clock) if self.store else None,
        )

    @property
    def stats(self) -> LedgerStats:
        """The figures of the first."""
        return self.parts[0].stats

    async def _upstream(self, subject: Exchange) -> Response:
        self.sent.append(subject)
        subject.timeline.sent_at = self.clock.now()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Gate):
            await outcome.open.wait()
            outcome = outcome.outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def call(
        self,
        key: bytes | None = b"k",
        body: bytes | None = b"{}",
        *,
        method: str = "POST",
        sidecar: int = 0,
        left: float = 30.0,
    ) -> Response:
        """One call of an application, through one of the sidecars."""
        fields = [(b"Idempotency-Key", key)] if key else []
        subject = exchange(
            request(method, "/messages", fields, body), deadline=self.clock.now() + left
        )
        return await self.handlers[sidecar](subject)

    async def whole(self, *args: Any, **settings: Any) -> tuple[int, bytes] | str:
        """Status and body, or the code of the error."""
        try:
            answer = await self.call(*args, **settings)
            got = answer.status, await whole(answer)
        except ExchangeError as error:
            return error.code
        answer.close()
        return got


def judged(status: int, kind: Kind, body: bytes = b"no") -> Response:
    """An answer that was judged so."""
    answer = response(status, body)
    answer.judgement = Judgement("ignore", kind, f"http_{status}")
    return answer


def shared(clock: FakeClock) -> MemoryStore:
    """A store for several sidecars."""
    return MemoryStore(Memory(), clock)
