"""Column expressions of select, order and filters: `name`, `data->a->>b`, `"odd name"`. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any

from sidecar.demo.supabase.postgrest.scanner import unquote
from sidecar.demo.supabase.postgrest.schema import Row, Table

_STEP = re.compile(r'(->>?)([^-]+|"[^"]*")')


@dataclass(frozen=True, slots=True)
class Expression:
    """A column, or a value inside a JSON column."""

    column: str
    kind: str
    """PostgreSQL's type of the result."""
    steps: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The key under which select returns it: the column, or the last named step."""
        named = [name for _, name in self.steps if not name.isdigit()]
        return named[-1] if named else self.column

    def of(self, row: Row) -> Any:
        """Its value in `row`."""
        value = row[self.column]
        for arrow, name in self.steps:
            value = _inside(value, name)
            if arrow == "->>" and value is not None and not isinstance(value, str):
                value = json.dumps(value, separators=(", ", ": "))
        return value


def expression(table: Table, text: str) -> Expression:
    """Parse `text` as an expression over `table`.

    Raises:
        PostgrestError: 42703, there is no such column.
    """
    name, arrow, rest = text.partition("->")
    column = table.column(unquote(name))
    if not arrow:
        return Expression(column.name, column.kind)
    steps = tuple((mark, unquote(step)) for mark, step in _STEP.findall(arrow + rest))
    kind = "text" if steps and steps[-1][0] == "->>" else "jsonb"
    return Expression(column.name, kind, steps)


def _inside(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and re.fullmatch(r"-?\d+", name):
        index = int(name)
        return value[index] if -len(value) <= index < len(value) else None
    return None
