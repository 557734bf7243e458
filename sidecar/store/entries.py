"""Stored responses: in memory, and behind it in the store that sidecars share.

Finds the variant that a request selects, and drops what is older than a change. Knows no rule.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from sidecar.core.cache.calendar import TOLERANCE, Calendar
from sidecar.core.cache.generations import BANS, Generations
from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.key import variant_of
from sidecar.core.cache.model import Entry
from sidecar.core.cache.news import Ban, News
from sidecar.core.cache.tag_names import is_told, of_others
from sidecar.core.cache.vary import selecting
from sidecar.exchange import RawHeaders
from sidecar.store import WriteBehind
from sidecar.store.changes import LONGEST, Changes, Verdict
from sidecar.store.kept import Kept, Value
from sidecar.store.records import decode, encode


class Found(NamedTuple):
    """What is stored for a request."""

    key: str
    """Where its response is, or would be: another than was asked for where `Vary` selects."""
    entry: Entry | None


RECHECK = 5.0
"""Seconds for which an answer is given from memory without knowing what others do."""


def _to_nobody(_: News) -> None:
    return None


class Entries:
    """All stored responses of the sidecar."""

    def __init__(
        self,
        memory: Kept,
        generations: Generations,
        secret: bytes,
        shared: WriteBehind | None = None,
        epoch: str = "",
        *,
        hearing: Hearing | None = None,
        tell: Callable[[News], None] = _to_nobody,
        elapsed: Callable[[], float] | None = None,
    ) -> None:
        """An empty memory before what is in the shared store.

        Args:
            memory: keeps what is used.
            generations: what has changed since this process began.
            secret: keys the digests.
            shared: kept also for other sidecars and for later.
            epoch: whose generations an entry's tags are; another in every process.
            hearing: how far what others change is heard of; by default it is not.
            tell: tells others what was changed here.
            elapsed: monotonic seconds, by which it is seen that the calendar was set back.
        """
        self.memory = memory
        self.generations = generations
        self._secret = secret
        self._shared = shared
        self._changes = None if shared is None else Changes(shared, secret)
        self._epoch = epoch
        self._hearing = hearing or Hearing(RECHECK)
        self._tell = tell
        self._elapsed = elapsed
        self._calendar = Calendar()

    def __repr__(self) -> str:
        return f"<Entries {self.memory!r}>"

    async def start(self, now: float) -> None:
        """Let the shared store remember changes from now on, if it did not before."""
        if self._changes is not None:
            await self._changes.begin(now)

    async def find(
        self, key: str, headers: RawHeaders, now: float, *, written: bool = False
    ) -> Found:
        """What is stored for a request with these fields, fresh or stale; `written` over, too.

        Waits only where there is a shared store, and memory has nothing, or nothing of which it is
        known whether others have changed it.
        """
        if self._elapsed is not None and self._calendar.was_set_back(now, self._elapsed()):
            self._hearing.set_back(now)
            self.memory.clear()  # nobody knows any more how old it is
        found = self.memory.get(key)
        if found is None and self._shared is not None:
            found = await self._load(key, now)
        if isinstance(found, tuple):
            key = variant_of(key, found, selecting(found, headers), self._secret)
            found = self.memory.get(key)
            if found is None and self._shared is not None:
                found = await self._load(key, now)
        if not isinstance(found, Entry):
            return Found(key, None)
        return Found(key, await self._current(key, found, now, written=written))

    async def _current(self, key: str, entry: Entry, now: float, *, written: bool) -> Entry | None:
        """The entry, unless it ended or something that it was made from has changed.

        What nobody can vouch for is stale, and not gone: if the upstream fails, it may be all
        there is.
        """
        state = self.generations.state(entry.tags, entry.upstream, entry.path)
        verdict: Verdict = "none"
        # What is from the future was stored by a calendar that was wrong, then or now.
        ended = now > entry.expires_at or entry.asked_at > now + TOLERANCE
        if self._changes is not None and state != "gone" and not ended and self._is_due(entry, now):
            verdict = await self._verdict(entry, now)
            state = self.generations.state(entry.tags, entry.upstream, entry.path)
        gone = "gone" if written else "written"
        if ended or verdict == "some" or state in ("gone", gone):
            self.memory.pop(key)
            return None
        if state == "written":
            return entry.as_written_over(now)
        return entry if (state, verdict) == ("current", "none") else entry.as_stale(now)

    def _is_due(self, entry: Entry, now: float) -> bool:
        """Whether others may have changed it without this one having heard of it."""
        return self._changes is not None and self._hearing.is_due(
            entry.asked_at, entry.checked.at, now
        )

    async def _verdict(self, entry: Entry, now: float) -> Verdict:
        """What the store knows of changes. One asks; whoever comes meanwhile does not wait."""
        assert self._changes is not None
        verdict: Verdict = "unknown"
        before, entry.checked.at = entry.checked.at, now
        try:
            names = [tag for tag, _ in entry.tags]
            verdict = await self._changes.verdict(names, entry.asked_at, now)
        finally:
            if verdict != "none":
                entry.checked.at = before
        return verdict

    async def _load(self, key: str, now: float) -> Value | None:
        assert self._shared is not None
        data = await self._shared.get(key)
        record = decode(data) if data is not None else None
        if record is None:
            return None
        value: Value | None = record.value
        if isinstance(value, Entry) and record.epoch != self._epoch:
            value = await self._adopted(value, now)
        if value is not None:
            self.memory.put(key, value, _size(value))
        return value

    async def _adopted(self, entry: Entry, now: float) -> Entry | None:
        """An entry of another process, unless what it was made from may have changed since."""
        names = [tag for tag, _ in entry.tags[1:]]
        # a change while the store is asked counts
        tags = self.generations.now((*names, *of_others(names)))
        if await self._verdict(entry, now) != "none":
            return None
        return replace(entry, tags=tags)

    def keep(self, key: str, entry: Entry) -> str:
        """Store a response under the key of its request; where it is now."""
        names = entry.plan.vary
        if names:
            self._put(key, names, entry)
            key = variant_of(key, names, entry.selecting, self._secret)
        self._put(key, entry, entry)
        return key

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

    def bump(
        self,
        tags: Iterable[str],
        now: float,
        *,
        soft: bool = False,
        written: bool = False,
        told: Iterable[str] | None = None,
    ) -> tuple[str, ...]:
        """What carries one of these tags is out of date, or where `soft`, only stale.

        Args:
            tags: what is changed here.
            now: wall-clock seconds.
            written: a write did it.
            soft: those who do not hear of it, but find it in the store, drop it all the same.
            told: what others are told instead, and what is dropped of what others have stored.

        Returns:
            All tags that were bumped.
        """
        tags = tuple(tags)
        told = tuple(filter(is_told, tags) if told is None else told)
        tags = (*tags, *of_others(told))
        known = self.generations
        (known.soften if soft else known.write if written else known.bump)(tags)
        if self._changes is not None and told:
            self._changes.tell(told, now)
            self._tell(News(soft=told) if soft else News(hard=told))
        return tags

    def ban(self, upstream: str, prefix: str, now: float, *, soft: bool = False) -> None:
        """Drop what is stored of the paths of an upstream that begin so; "" is any.

        Those who do not hear of it drop all that others have stored.
        """
        self.generations.ban(upstream, prefix, soft=soft)
        if self._changes is not None:
            self._changes.tell((BANS,), now)
            self._tell(News(bans=(Ban(upstream, prefix, soft),)))

    def hear(self, news: News, now: float) -> None:
        """Others have changed this."""
        self.generations.bump(news.hard)
        self.generations.soften(news.soft)
        for ban in news.bans:
            self.generations.ban(ban.upstream, ban.prefix, soft=ban.soft)
        if self._changes is not None:
            bans = (BANS,) if news.bans else ()
            self._changes.heard((*news.hard, *news.soft, *bans), now)


def _size(value: Value) -> int:
    return value.size if isinstance(value, Entry) else sum(map(len, value)) + 256
