"""How commands print: problems, aligned columns, and colour only where it is wanted."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from sidecar.loader import Problem
from sidecar.telemetry.colour import Hue, has_colour, paint

_HUES: Mapping[str, Hue] = {"error": "red", "warning": "yellow", "ok": "green"}


def marked(text: str, kind: str, stream: TextIO) -> str:
    """`text` in the colour of `error`, `warning` or `ok`, where `stream` has colour."""
    return paint(text, _HUES[kind]) if has_colour(stream) else text


def print_problems(problems: Iterable[Problem], stream: TextIO | None = None) -> None:
    """One line each, on standard error by default."""
    stream = stream or sys.stderr
    for problem in problems:
        severity = marked(problem.severity, problem.severity, stream)
        print(f"{problem.origin.place}: {severity}: {problem.text}", file=stream)


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """The rows with their columns aligned; the last column is as long as it is."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
