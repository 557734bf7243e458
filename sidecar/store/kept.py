"""What keeps stored responses in memory, and what it keeps."""

from typing import Protocol, TypeAlias

from sidecar.core.cache.model import Entry

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

    def clear(self) -> None:
        """Forget all."""
        ...
