"""Reads the cells of the matrix: one line for each fault and call, with what is to be seen."""

import re
from typing import NamedTuple

from tests.matrix.calls import Call
from tests.matrix.expectations import Row, Table

_GAP = re.compile(r" {2,}")


class Line(NamedTuple):
    """One fault and one call."""

    fault: str
    call: Call
    once: int
    """Requests that reach the upstream when the first attempt fails."""
    always: int
    """The same when all attempts fail."""
    seen: str
    """What the application sees when all attempts fail."""
    rescued: bool
    """Whether it sees a success when only the first attempt fails."""

    @property
    def expected(self) -> tuple[str, str]:
        """As `playing.play` tells it."""
        first = "ok" if self.rescued else self.seen
        return f"{first}, {self.once}", f"{self.seen}, {self.always}"


def lines_of(table: Table, row: Row) -> tuple[Line, ...]:
    """The lines of a row, without those that are no case.

    Raises:
        ValueError: there are more or fewer cells than calls.
    """
    cells = zip(table.calls, _GAP.split(row.cells), strict=True)
    return tuple(_line(row, call, cell) for call, cell in cells if cell != "-")


def _line(row: Row, call: Call, cell: str) -> Line:
    once, always, *seen = cell.split(" ", 2)
    failed = 0 if row.fault.script is None else 1  # requests of the attempt that fails
    return Line(
        row.fault.name,
        call,
        int(once),
        int(always),
        seen[0] if seen else row.seen,
        int(once) > failed,
    )
