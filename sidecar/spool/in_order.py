"""Lets what is of one kind go one after the other, in the order of asking; others do not wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class InOrder:
    """One line for each kind; none where nobody stands."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def turn(self, kind: str) -> AsyncIterator[None]:
        """Until it is over, nobody else has the turn of that kind. "" is no kind: no waiting."""
        if not kind:
            yield
            return
        lock, waiting = self._lines.get(kind, (asyncio.Lock(), 0))
        self._lines[kind] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._lines.pop(kind)
            if waiting > 1:
                self._lines[kind] = (lock, waiting - 1)
