"""Stored responses: in memory, and behind it in the store that sidecars share.

Finds the variant that a request selects, and drops what is older than a change. Knows no rule.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeAlias

from sidecar.core.cache.generations import BANS, Generations
from sidecar.core.cache.key import variant_of
from sidecar.core.cache.model import Entry
from sidecar.core.cache.vary import selecting
from sidecar.exchange import RawHeaders
from sidecar.store import WriteBehind
from sidecar.store.changes import LONGEST, Changes
from sidecar.store.records import decode, encode

Selector: TypeAlias = tuple[bytes, ...]
"""What is kept under a key whose responses differ by `Vary`: the names, in place of an entry."""

Value: TypeAlias = Entry | Selector


class Kept(Protocol):
    """A mapping that is bounded in bytes."""

    def get(self, key: str, /) -> Value | None:
        """What is kept under the key."""
        ...

    def put(self, key: str, value: Value, size: int, /) -> None:
        """Keep it, instead of what was there, if there is room for so many bytes."""
        ...

    def pop(self, key: str, /) -> object:
        """Forget what is there, if anything is."""
        ...


class Found(NamedTuple):
    """What is stored for a request."""

    key: str
    """Where its response is, or would be: another than was asked for where `Vary` selects."""
    entry: Entry | None


class Entries:
    """All stored responses of the sidecar."""

    def __init__(
        self,
        memory: Kept,
        generations: Generations,
        secret: bytes,
        shared: WriteBehind | None = None,
        epoch: str = "",
    ) -> None:
        """An empty memory before what is in the shared store.

        Args:
            memory: keeps what is used.
            generations: what has changed since this process began.
            secret: keys the digests.
            shared: kept also for other sidecars and for later.
            epoch: whose generations an entry's tags are; another in every process.
        """
        self.memory = memory
        self.generations = generations
        self._secret = secret
        self._shared = shared
        self._changes = None if shared is None else Changes(shared, secret)
        self._epoch = epoch

    def __repr__(self) -> str:
        return f"<Entries {self.memory!r}>"

    async def find(self, key: str, headers: RawHeaders, now: float) -> Found:
        """What is stored for a request with these fields, fresh or stale.

        Waits only where there is a shared store and memory has nothing.
        """
        found = self.memory.get(key)
        if found is None and self._shared is not None:
            found = await self._load(key)
        if isinstance(found, tuple):
            key = variant_of(key, selecting(found, headers), self._secret)
            found = self.memory.get(key)
            if found is None and self._shared is not None:
                found = await self._load(key)
        if not isinstance(found, Entry):
            return Found(key, None)
        return Found(key, self._current(key, found, now))

    def _current(self, key: str, entry: Entry, now: float) -> Entry | None:
        """The entry, unless it ended or something that it was made from has changed."""
        state = self.generations.state(entry.tags, entry.upstream, entry.path)
        if state == "gone" or now > entry.expires_at:
            self.memory.pop(key)
            return None
        return entry.as_stale(now) if state == "stale" else entry

    async def _load(self, key: str) -> Value | None:
        assert self._shared is not None
        data = await self._shared.get(key)
        record = decode(data) if data is not None else None
        if record is None:
            return None
        value: Value | None = record.value
        if isinstance(value, Entry) and record.epoch != self._epoch:
            value = await self._adopted(value)
        if value is not None:
            self.memory.put(key, value, _size(value))
        return value

    async def _adopted(self, entry: Entry) -> Entry | None:
        """An entry of another process, unless what it was made from has changed since."""
        assert self._changes is not None
        names = [tag for tag, _ in entry.tags]
        tags = self.generations.now(names[1:])  # a change while the store is asked counts
        since = entry.received_at - entry.cost
        return replace(entry, tags=tags) if await self._changes.are_none(names, since) else None

    def keep(self, key: str, entry: Entry) -> None:
        """Store a response under the key of its request."""
        names = entry.plan.vary
        if names:
            self._put(key, names, entry)
            key = variant_of(key, entry.selecting, self._secret)
        self._put(key, entry, entry)

    def _put(self, key: str, value: Value, entry: Entry) -> None:
        self.memory.put(key, value, _size(value))
        if self._shared is not None:
            ttl = min(entry.expires_at - entry.received_at, LONGEST)
            self._shared.soon(key, encode(value, self._epoch), ttl)

    def drop(self, key: str) -> None:
        """Forget what is stored under that key."""
        self.memory.pop(key)
        if self._shared is not None:
            self._shared.soon(key, None, 0.0)

    def bump(self, tags: Iterable[str], now: float, *, soft: bool = False) -> None:
        """What carries one of these tags is out of date, or where `soft`, only stale."""
        tags = tuple(tags)
        (self.generations.soften if soft else self.generations.bump)(tags)
        if self._changes is not None:
            self._changes.tell(tags, now)

    def ban(self, upstream: str, prefix: str, now: float, *, soft: bool = False) -> None:
        """Drop what is stored of the paths of an upstream that begin so; "" is any.

        Of what others have stored, all is dropped: they do not know this one's bans.
        """
        self.generations.ban(upstream, prefix, soft=soft)
        if self._changes is not None:
            self._changes.tell((BANS,), now)


def _size(value: Value) -> int:
    return value.size if isinstance(value, Entry) else sum(map(len, value)) + 256
