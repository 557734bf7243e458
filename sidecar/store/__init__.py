"""Bytes by key, for a while: in SQLite, in Redis; and in memory, what was made of them.

Knows keys and bytes. What they mean, and to whom they may be shown, is decided by who uses them.
"""

from collections.abc import Sequence
from typing import Protocol


class Store(Protocol):
    """Keeps small records. Keys are digests: nothing of a caller can be read from them."""

    async def get(self, key: str) -> bytes | None:
        """What is kept under `key`; None where nothing is, or where it has expired."""
        ...

    async def get_all(self, keys: Sequence[str]) -> list[bytes | None] | None:
        """What is kept under each key. None where the store does not say."""
        ...

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keep `value` for `ttl` seconds, instead of what was there."""
        ...

    async def add(self, key: str, value: bytes, ttl: float) -> bool | None:
        """Keep `value` if nothing is there: True. False where something is, whoever put it.

        Atomic among all who share the store. None where the store does not say.
        """
        ...

    async def delete(self, key: str) -> None:
        """Forget what is there, if anything is."""
        ...

    async def close(self) -> None:
        """Give back connections and threads; idempotent."""
        ...


class Backend(Store, Protocol):
    """A store as it is: slow, and it raises."""

    async def open(self) -> None:
        """Connect if need be, and prove that it can be used."""
        ...

    async def version(self) -> int | None:
        """A number that is another one when somebody else has written; None where nobody knows."""
        ...

    async def sweep(self) -> None:
        """Throw out what is not wanted any more."""
        ...


class WriteBehind(Store, Protocol):
    """A store that can be told without waiting."""

    @property
    def max_object(self) -> int:
        """Bytes of the longest value that it keeps."""
        ...

    def soon(self, key: str, value: bytes | None, ttl: float, *, needed: bool = False) -> bool:
        """Have `value` kept, or the key forgotten where it is None, when there is time.

        What is `needed` goes first, and gives way to nothing else that waits. Whether an earlier
        one that was needed had to be given up.
        """
        ...


class StoreUnavailable(Exception):
    """A store cannot be used now. Raised by stores themselves; a GuardedStore makes misses of it.

    It names no key, value or address.
    """


class StoreDamaged(StoreUnavailable):
    """What is there cannot be read, and will not be: it must be begun anew."""
