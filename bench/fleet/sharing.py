"""What a fleet asks of one Redis: commands and messages for each request, counted.

Each sidecar has the real `Entries` (its memory, generations, what it hears) before one store that
counts; what one changes is told to all the others at once. Reads follow Zipf, a part are writes.
"""

import bisect
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sidecar.core.cache.generations import Generations
from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.core.cache.news import News
from sidecar.core.cache.tag_names import TagNames
from sidecar.store.bounded import Bounded
from sidecar.store.entries import Entries
from sidecar.telemetry.store_stats import StoreStats
from tests.support.virtual_time import in_virtual_time

_SECRET = b"secret"
_KEYS = 2000
_TABLES = 20
_ZIPF = 0.9
_LIFETIME = 300.0
_MEMORY = 8 * 1024 * 1024
_RECHECK = 5.0
_WALL = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """What all applications ask for together."""

    sidecars: int
    rate: float = 500.0
    writes: float = 0.02
    """The share of requests that change a table, and so drop what all have of it."""
    requests: int = 20_000
    seed: int = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What it came to, for each request."""

    commands: float
    """At the Redis, without the messages' own."""
    messages: float
    """Delivered by the Redis: each change goes to every other sidecar."""
    pings: float
    """Each sidecar asks once a second whether it still hears."""
    fetched: float
    """Requests that went to the provider."""
    kinds: dict[str, int]

    @property
    def total(self) -> float:
        """Everything that the Redis does."""
        return self.commands + self.messages + self.pings


class _Counting:
    """The shared store: a dictionary with the commands of a Redis."""

    max_object = 1024 * 1024

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()
        self._kept: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        self.commands["GET"] += 1
        return self._kept.get(key)

    async def get_all(self, keys: Sequence[str]) -> list[bytes | None] | None:
        self.commands["MGET"] += 1
        return [self._kept.get(key) for key in keys]

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        self.soon(key, value, ttl)

    async def add(self, key: str, value: bytes, ttl: float) -> bool | None:
        del ttl
        self.commands["SET NX"] += 1
        return self._kept.setdefault(key, value) is value

    async def delete(self, key: str) -> None:
        self.soon(key, None, 0.0)

    async def close(self) -> None:
        return None

    def soon(self, key: str, value: bytes | None, ttl: float, *, needed: bool = False) -> bool:
        del ttl, needed
        self.commands["DEL" if value is None else "SET"] += 1
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value
        return False


class _Fleet:
    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._dice = Random(traffic.seed)
        self._store = _Counting()
        self._names = TagNames(_SECRET)
        self._now = _WALL
        self._messages = self._fetched = 0
        self._hearings = [Hearing(_RECHECK) for _ in range(traffic.sidecars)]
        self._members = [self._member(number) for number in range(traffic.sidecars)]
        weights = [1 / (rank + 1) ** _ZIPF for rank in range(_KEYS)]
        self._steps = list(itertools.accumulate(weights))

    def _member(self, number: int) -> Entries:
        def tell(news: News) -> None:
            self._store.commands["PUBLISH"] += 1
            for other, entries in enumerate(self._members):
                if other != number:
                    self._messages += 1
                    entries.hear(news, self._now)

        hearing = self._hearings[number]
        hearing.begin(self._now)
        return Entries(
            Bounded(_MEMORY, _MEMORY, StoreStats()),
            Generations(),
            _SECRET,
            self._store,
            epoch=str(number),
            hearing=hearing,
            tell=tell,
        )

    async def run(self) -> Cost:
        traffic = self._traffic
        for entries in self._members:
            await entries.start(self._now)
        self._store.commands.clear()
        for _ in range(traffic.requests):
            self._now += self._dice.expovariate(traffic.rate)
            number = self._dice.randrange(traffic.sidecars)
            self._hearings[number].heard(self._now)  # its pings are answered
            await self._request(self._members[number])
        kinds = self._store.commands
        return Cost(
            commands=kinds.total() / traffic.requests,
            messages=self._messages / traffic.requests,
            pings=traffic.sidecars / traffic.rate,
            fetched=self._fetched / traffic.requests,
            kinds=dict(kinds),
        )

    async def _request(self, member: Entries) -> None:
        if self._dice.random() < self._traffic.writes:
            change = self._names.change((f"@{self._dice.randrange(_TABLES)}",))
            member.bump(change.here, self._now, told=change.told)
            return
        number = bisect.bisect(self._steps, self._dice.random() * self._steps[-1])
        key = f"key-{number}"
        found = await member.find(key, [], self._now)
        if found.entry is None or self._now > found.entry.fresh_until:
            self._fetched += 1
            tags = member.generations.now(self._names.of((f"@{number % _TABLES}",)))
            head = Head(200, b"OK", [(b"Content-Type", b"application/json")])
            plan = Plan(_LIFETIME)
            member.keep(key, Entry(head, b"x" * 64, self._now, plan, tags, path=f"/{number}"))


def cost(traffic: Traffic) -> Cost:
    """The same traffic costs the same."""
    return in_virtual_time(_Fleet(traffic).run())
