"""Which deliveries this process has in hand, so that it takes none twice.

Kept in memory: whoever dies has nothing in hand. What a transaction did to it is undone with it.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Claim(NamedTuple):
    """One delivery in hand."""

    lane: str
    fences: int
    """How often it had been fenced when this process did it last, or took it."""


class Claims:
    """Deliveries by id. Not safe for use by several threads."""

    __slots__ = ("_claims", "_lanes", "_undo")

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._lanes: dict[str, str] = {}
        self._undo: list[tuple[str, Claim | None]] = []

    def __repr__(self) -> str:
        return f"<Claims {len(self._claims)}>"

    def __len__(self) -> int:
        return len(self._claims)

    def __contains__(self, delivery_id: object) -> bool:
        return delivery_id in self._claims

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._claims))

    def get(self, delivery_id: str) -> Claim | None:
        """The claim, if there is one."""
        return self._claims.get(delivery_id)

    def holds_lane(self, lane: str) -> bool:
        """Whether one of this lane is in hand."""
        return lane in self._lanes

    def put(self, delivery_id: str, claim: Claim) -> None:
        """Have it in hand."""
        self._undo.append((delivery_id, self._claims.get(delivery_id)))
        self._set(delivery_id, claim)

    def drop(self, delivery_id: str) -> None:
        """Have it in hand no longer, if it was."""
        if delivery_id in self._claims:
            self._undo.append((delivery_id, self._claims[delivery_id]))
            self._set(delivery_id, None)

    def clear(self) -> None:
        """Have nothing in hand."""
        for delivery_id in self:
            self.drop(delivery_id)

    def commit(self) -> None:
        """What was done since the last time stays."""
        self._undo.clear()

    def rollback(self) -> None:
        """What was done since the last time is undone."""
        while self._undo:
            self._set(*self._undo.pop())

    def _set(self, delivery_id: str, claim: Claim | None) -> None:
        before = self._claims.pop(delivery_id, None)
        if before is not None and self._lanes.get(before.lane) == delivery_id:
            del self._lanes[before.lane]
        if claim is not None:
            self._claims[delivery_id] = claim
            if claim.lane:
                self._lanes[claim.lane] = delivery_id
