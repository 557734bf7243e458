"""How commands print: problems, aligned columns, and colour only where it is wanted."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from sidecar.loader import Problem

_COLOURS = {"error": "31", "warning": "33", "ok": "32"}


def paint(text: str, colour: str, stream: TextIO) -> str:
    """`text` in colour on a terminal, unless NO_COLOR is set (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def print_problems(problems: Iterable[Problem], stream: TextIO | None = None) -> None:
    """One line each, on standard error by default."""
    stream = stream or sys.stderr
    for problem in problems:
        severity = paint(problem.severity, problem.severity, stream)
        print(f"{problem.origin.place}: {severity}: {problem.text}", file=stream)


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """The rows with their columns aligned; the last column is as long as it is."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
