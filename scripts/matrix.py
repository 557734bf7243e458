"""Writes the fault matrix into docs/resilience.md: `python -m scripts.matrix`, from the checkout.

The data is that of tests/matrix, which plays every line of it.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from scripts import documents
from tests.matrix.expectations import TABLES, Row, Table
from tests.matrix.lines import Line, lines_of

DOCUMENT = Path(__file__).parents[1] / "docs" / "resilience.md"

_SEEN = {
    "own": "the upstream's answer",
    "as JSON": "the upstream's answer, as JSON",
    "ok": "the answer",
    "200 broken": "a 200 that breaks off",
}


def tables() -> str:
    """All tables as Markdown."""
    return "\n".join(_table(table) for table in TABLES)


def _table(table: Table) -> str:
    heading = ["fault", *(call.name for call in table.calls), "if every attempt fails"]
    rows = [heading, ["---"] * len(heading), *_rows(table)]
    return f"### {table.title}\n\n{documents.table(rows)}"


def _rows(table: Table) -> Iterator[list[str]]:
    """One row for neighbours that differ in their names only."""
    for (seen, _), group in groupby(table.rows, lambda row: (row.seen, row.cells)):
        rows = list(group)
        lines = {line.call.name: line for line in lines_of(table, rows[0])}
        cells = [_cell(lines.get(call.name), rows[0]) for call in table.calls]
        yield ["; ".join(row.fault.name for row in rows), *cells, _seen(seen)]


def _cell(line: Line | None, row: Row) -> str:
    if line is None:
        return ""
    first = f"**{line.once}**" if line.rescued else str(line.once)
    other = "" if line.seen == row.seen else f" ({_seen(line.seen)})"
    return f"{first} / {line.always}{other}"


def _seen(seen: str) -> str:
    return _SEEN.get(seen) or f"`{seen}`"


def renewed(text: str) -> str:
    """The document with the tables of today.

    Raises:
        ValueError: a marker is missing.
    """
    return documents.replaced(text, "matrix", tables(), DOCUMENT)


def main() -> int:
    """Write the document anew."""
    DOCUMENT.write_text(renewed(DOCUMENT.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
