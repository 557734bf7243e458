"""What decides what a full store gives up. It knows keys only; a store tells it of them."""

from typing import Protocol


class Eviction(Protocol):
    """An order of going. It knows exactly the keys that are kept."""

    def added(self, key: str, size: int) -> None:
        """A key that was not kept is now, with so many bytes."""
        ...

    def used(self, key: str) -> None:
        """A key that is kept was read or written again."""
        ...

    def removed(self, key: str) -> None:
        """A key is kept no longer, for whatever reason."""
        ...

    def victim(self) -> str:
        """The key to give up next; it stays known until `removed`. There is at least one."""
        ...
