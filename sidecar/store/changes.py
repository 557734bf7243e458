"""What has changed, as told to all who share a store: when each tag was last bumped.

So that an answer that another sidecar stored, or this one before it was started anew, is not taken
for current after a write. Knows tags and instants; nothing of answers. Wall clocks are compared,
with a second to spare.
"""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal, TypeAlias

from sidecar.core.cache.generations import BANS
from sidecar.core.cache.tag_names import is_told
from sidecar.store import WriteBehind
from sidecar.store.serializer import Plain, Unreadable, dumps, loads

LONGEST = 7 * 86400.0
"""Seconds for which changes are remembered, and so the longest that an answer may be shared."""

_SKEW = 1.0
_MOST_HEARD = 10_000
_BEGINNING = "\0"
"""Stands for the instant since when the store holds all changes: it may have lost those before."""
_FOR_EVER = 10 * 365 * 86400.0

Verdict: TypeAlias = Literal["none", "some", "unknown"]
"""Whether something has changed. `unknown`: the store does not say, or not for so long ago."""


class Changes:
    """The changes in one shared store."""

    def __init__(self, store: WriteBehind, secret: bytes) -> None:
        self._store = store
        self._secret = secret
        self._heard: OrderedDict[str, float] = OrderedDict()
        """What others said that they changed; the store may not have it yet."""
        self._heard_at_most = float("-inf")
        """When what is not listed was changed, at the latest."""

    async def begin(self, wall: float) -> None:
        """Let the store hold all changes from now on, unless it does already."""
        await self._store.add(self._key(_BEGINNING), dumps([wall]), _FOR_EVER)

    def tell(self, tags: Iterable[str], wall: float) -> None:
        """What is made from these is out of date as of now."""
        for tag in tags:
            if self._store.soon(self._key(tag), dumps([wall]), LONGEST, needed=True):
                # there are too many to tell: so all has changed
                self._store.soon(self._key(BANS), dumps([wall]), LONGEST, needed=True)

    def heard(self, tags: Iterable[str], wall: float) -> None:
        """Others have changed these, a moment ago."""
        for tag in tags:
            self._heard[tag] = wall
            self._heard.move_to_end(tag)
        while len(self._heard) > _MOST_HEARD:
            _, instant = self._heard.popitem(last=False)
            self._heard_at_most = max(self._heard_at_most, instant)

    async def verdict(self, tags: Iterable[str], since: float, wall: float) -> Verdict:
        """Whether one of these has changed since that instant.

        Args:
            tags: of an answer; those that nobody is told of are passed over.
            since: when the upstream was asked for it.
            wall: now.
        """
        told = [tag for tag in tags if is_told(tag)]
        if any(self._heard.get(tag, self._heard_at_most) + _SKEW >= since for tag in told):
            return "some"
        found = await self._store.get_all([self._key(tag) for tag in (_BEGINNING, *told)])
        if found is None:
            return "unknown"
        beginning, *marks = found
        if any(_instant(mark) + _SKEW >= since for mark in marks if mark is not None):
            return "some"
        if beginning is None:  # it was emptied
            await self.begin(wall)
            return "unknown"
        began = _instant(beginning)
        if began == float("inf"):  # somebody else wrote it: nothing is known of what was before
            self._store.soon(self._key(_BEGINNING), dumps([wall]), _FOR_EVER)
            return "unknown"
        return "none" if max(began, wall - LONGEST) < since else "unknown"

    def _key(self, tag: str) -> str:
        return "c" + blake2b(tag.encode(), digest_size=20, key=self._secret).hexdigest()


def _instant(data: bytes) -> float:
    try:
        value: Plain = loads(data)[0]
    except (Unreadable, IndexError):
        return float("inf")
    return value if isinstance(value, float) else float("inf")
