"""What has changed, as told to all who share a store: when each tag was last bumped.

So that an answer that another sidecar stored, or this one before it was started anew, is not taken
for current after a write. Knows tags and instants; nothing of answers. Wall clocks are compared,
with a second to spare.
"""

import asyncio
from collections.abc import Iterable
from hashlib import blake2b

from sidecar.store import WriteBehind
from sidecar.store.serializer import Plain, Unreadable, dumps, loads

LONGEST = 7 * 86400.0
"""Seconds for which changes are remembered, and so the longest that an answer may be shared."""

_SKEW = 1.0
_NEVER = 0.0


class Changes:
    """The changes in one shared store."""

    def __init__(self, store: WriteBehind, secret: bytes) -> None:
        self._store = store
        self._secret = secret

    def tell(self, tags: Iterable[str], wall: float) -> None:
        """What is made from these is out of date as of now."""
        for tag in tags:
            self._store.soon(self._key(tag), dumps([wall]), LONGEST)

    async def are_none(self, tags: Iterable[str], since: float) -> bool:
        """Whether none of these has changed since that instant; False where nobody can say."""
        found = await asyncio.gather(*[self._is_untouched(tag, since) for tag in tags])
        return all(found)

    async def _is_untouched(self, tag: str, since: float) -> bool:
        key = self._key(tag)
        data = await self._store.get(key)
        if data is not None:
            return _instant(data) + _SKEW < since
        # Nothing is there, or the store did not answer: only what it can add to it has.
        return await self._store.add(key, dumps([_NEVER]), LONGEST) is True

    def _key(self, tag: str) -> str:
        return "c" + blake2b(tag.encode(), digest_size=20, key=self._secret).hexdigest()


def _instant(data: bytes) -> float:
    try:
        value: Plain = loads(data)[0]
    except (Unreadable, IndexError):
        return float("inf")
    return value if isinstance(value, float) else float("inf")
