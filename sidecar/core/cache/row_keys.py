"""Remembers the keys of rows that were read, so that a write need not name them.

`PATCH …/conversations?id=eq.5` does not say which account the row belongs to, so that the lists of
all accounts would be out of date. Whoever has read row 5 knows it. Only keys count, `…_id`: they
stay as they are unless a write names them. Pure.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from sidecar.core.cache.generations import Tags
from sidecar.core.cache.literals import normalised
from sidecar.core.json_path import Json

_MOST_ROWS = 20_000
_MOST_KEYS = 16
"""Of one row."""
_SHORT = 16
"""Characters below which texts that differ in case only may well be the ids of two rows."""
_LONGEST = 600.0
"""Seconds for which they are relied on: a change that no sidecar sees is forgotten after that."""

Holds: TypeAlias = Callable[[Tags], bool]
"""Whether nothing that carries these tags has changed."""


class _Row(NamedTuple):
    keys: dict[str, str]
    as_of: Tags
    """A change of the table as a whole ends it."""
    read_at: float


class RowKeys:
    """The keys of the rows of one database.

    Only of tables that were written to by row: nothing of others is looked at.
    """

    def __init__(self, most: int = _MOST_ROWS) -> None:
        self._most = most
        self._rows: OrderedDict[tuple[str, str], _Row] = OrderedDict()
        self._names: dict[str, set[str]] = {}
        """Of each table, so that whoever forgets one does not look through all."""
        self._wanted: set[str] = set()
        self._moving: Counter[tuple[str, str | None]] = Counter()
        """Rows, or without a name tables, whose keys some write under way may change."""

    def __repr__(self) -> str:
        return f"<RowKeys {len(self._rows)} of {len(self._wanted)} tables>"

    def is_wanted(self, table: str) -> bool:
        """Whether its rows are worth remembering."""
        return table in self._wanted

    def learn(self, table: str, rows: Iterable[Json], as_of: Tags, now: float) -> None:
        """What was read just now; `as_of` has what would end it."""
        for row in rows:
            if not isinstance(row, dict) or (name := id_of(row)) is None:
                continue
            if not isinstance(row["id"], int) and len(name) < _SHORT:
                continue  # its keys might be taken for another's
            if self._is_moving(table, name):
                continue
            place = table, name
            keys = [(column, text_of(value)) for column, value in row.items() if is_key(column)]
            known = {column: text for column, text in keys if text is not None}
            self._rows[place] = _Row(dict(list(known.items())[:_MOST_KEYS]), as_of, now)
            self._rows.move_to_end(place)
            self._names.setdefault(table, set()).add(name)
            if len(self._rows) > self._most:
                self._drop(*next(iter(self._rows)))

    def values(
        self, table: str, names: Iterable[str], column: str, holds: Holds, now: float
    ) -> set[str] | None:
        """What a key is in these rows; None if it is unsure in one."""
        self._wanted.add(table)
        found: set[str] = set()
        for name in names:
            if self._is_moving(table, name):
                return None
            row = self._rows.get((table, name))
            value = row.keys.get(column) if row is not None else None
            if row is None or value is None or now - row.read_at > _LONGEST:
                return None
            if not holds(row.as_of):
                return None
            found.add(value)
        return found

    def move(self, table: str, names: Iterable[str] | None) -> Callable[[], None]:
        """These rows, or all of the table, may get other keys until what is returned is called.

        What is read meanwhile is from before or from after, and nobody knows which.
        """
        places = Counter((table, name) for name in ((None,) if names is None else names))
        self._moving += places

        def over() -> None:
            self._moving -= places  # and what is left of none is gone
            places.clear()

        return over

    def _is_moving(self, table: str, name: str) -> bool:
        return bool(self._moving) and (
            (table, None) in self._moving or (table, name) in self._moving
        )

    def forget(self, table: str, names: Iterable[str] | None) -> None:
        """These rows, or all of the table, may have other keys now."""
        for name in tuple(self._names.get(table, ()) if names is None else names):
            self._drop(table, name)

    def _drop(self, table: str, name: str) -> None:
        if self._rows.pop((table, name), None) is not None:
            self._names[table].discard(name)
            if not self._names[table]:
                del self._names[table]


def is_key(column: str) -> bool:
    """Whether the column names another row: such a value is not computed from others."""
    return column.endswith("_id")


def id_of(row: Mapping[str, object]) -> str | None:
    """By what the row is chosen; None where that is not known."""
    return text_of(row["id"]) if row.get("id") is not None else None


def text_of(value: object) -> str | None:
    """How a filter may write this value; None where that is unsure."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return normalised(str(value))
    return normalised(str(value)) if isinstance(value, int | str) else None
