"""Sees whether files have changed: by what is in them, whatever a file system says of when.

A ConfigMap of Kubernetes is changed by turning a symbolic link; an editor writes another file and
renames it. Both are seen, because each look opens the path anew. Knows nothing of what is read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeAlias

from sidecar.clock import Clock

Digests: TypeAlias = Mapping[Path, bytes]

_MOST = 8 * 1024 * 1024
"""Bytes of a file that are looked at."""
_IDLE = 2.0
"""Seconds after which it is asked again whether anybody wants a look."""


def digests(files: Iterable[Path]) -> Digests:
    """What is in the files now; nothing is also something. Blocks, shortly: call it in a thread."""
    return {each: _digest(each) for each in files}


def _digest(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            return sha256(source.read(_MOST)).digest()
    except (OSError, ValueError):
        return b""


class Watched(Protocol):
    """What is looked at, and how often."""

    @property
    def seen(self) -> Digests:
        """The files, as they were when they were read last."""
        ...

    @property
    def every(self) -> float | None:
        """Seconds between two looks; None while nobody wants any."""
        ...


class Watch:
    """Looks again and again.

    A change is told when two looks have found the same: half a file is not taken for one.

    Args:
        watched: what is looked at; asked anew for each look.
        changed: called for each change. It sees to it that `watched.seen` is as of then.
        clock: waits.
    """

    def __init__(
        self, watched: Watched, changed: Callable[[], Awaitable[object]], clock: Clock
    ) -> None:
        self._watched = watched
        self._changed = changed
        self._clock = clock
        self._last: Digests | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            every = self._watched.every
            await self._clock.sleep(every or _IDLE)
            if every is not None and self._watched.every is not None:
                await self.look()

    async def look(self) -> None:
        """Look once."""
        now = await asyncio.to_thread(digests, tuple(self._watched.seen))
        seen = self._watched.seen
        is_news = now.keys() == seen.keys() and now != seen
        if is_news and now == self._last:
            self._last = None
            await self._changed()
        else:
            self._last = now if is_news else None
