"""Processes with generations of their own before one store; messages are carried by hand."""

from collections.abc import Sequence

from sidecar.core.cache.generations import Generations
from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.core.cache.news import News
from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.tag_names import TagNames, for_others
from sidecar.core.cache.told import tables_written
from sidecar.core.cache.writes import write_tags
from sidecar.store.entries import Entries
from tests.support.builders import request
from tests.support.cached import Shelf
from tests.support.clock import FakeClock
from tests.support.memory_store import Memory, MemoryStore

START = 1_700_000_000.0
NAMES = TagNames(b"secret")


class Store(MemoryStore):
    """A store that can be down, or hold back what it is told."""

    def __init__(self) -> None:
        super().__init__(Memory(), FakeClock())
        self.down = False
        self.asked = 0
        self.held: list[tuple[str, bytes | None, float]] | None = None

    async def get_all(  # type: ignore[override]
        self, keys: Sequence[str]
    ) -> list[bytes | None] | None:
        """It is counted; nothing where it is down."""
        self.asked += 1
        return None if self.down else await super().get_all(keys)

    def soon(self, key: str, value: bytes | None, ttl: float, *, needed: bool = False) -> bool:
        """Held back where `held` is a list."""
        if self.held is not None and needed:
            self.held.append((key, value, ttl))
            return False
        return super().soon(key, value, ttl, needed=needed)


class Sidecar:
    """One process."""

    def __init__(self, store: Store, epoch: str, *, recheck: float = 5.0) -> None:
        self.tables = Tables(TableRules())
        self.generations = Generations()
        self.hearing = Hearing(recheck)
        self.told: list[News] = []
        self.entries = Entries(
            Shelf(),
            self.generations,
            b"secret",
            store,
            epoch,
            hearing=self.hearing,
            tell=self.told.append,
        )

    def read(
        self,
        target: str,
        *,
        at: float,
        body: bytes = b"rows",
        keep: float = 0.0,
        lifetime: float = 600.0,
    ) -> None:
        """The upstream was asked at that time."""
        tags = self.generations.now(NAMES.of(self.tables.read_tags(request("GET", target))))
        plan = Plan(lifetime, stale_error=keep)
        entry = Entry(Head(200, b"OK", []), body, at, plan, tags, upstream="api", path=target)
        self.entries.keep(target, entry)

    def write(self, method: str, target: str, body: bytes = b"{}", *, at: float) -> None:
        """The upstream was told something."""
        subject = request(method, target, body=body)
        tags = [*write_tags(self.tables, subject, None)]
        others = map(for_others, tables_written(self.tables, subject))
        change = NAMES.change((*tags, *others))
        self.entries.bump(change.here, at, told=change.told)

    def hears(self, other: "Sidecar", *, at: float) -> None:
        """All that another has to tell."""
        while other.told:
            self.entries.hear(other.told.pop(0), at)

    async def find(self, target: str, *, at: float) -> Entry | None:
        """What there is, fresh or not."""
        return (await self.entries.find(target, [], at)).entry

    async def has(self, target: str, *, at: float) -> bool:
        """Whether there is something fresh."""
        entry = await self.find(target, at=at)
        return entry is not None and entry.fresh_until > at
