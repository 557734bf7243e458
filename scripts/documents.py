"""Parts of documents that are made by programs: where they stand, and tables as Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def markers(place: str) -> tuple[str, str]:
    """The lines between which a part stands."""
    return f"<!-- {place} -->\n", f"<!-- /{place} -->\n"


def replaced(text: str, place: str, part: str, document: Path) -> str:
    """The text of a document with another part between the markers of `place`.

    Raises:
        ValueError: a marker is missing.
    """
    begin, end = markers(place)
    before, marker, rest = text.partition(begin)
    _, closing, after = rest.partition(end)
    if not (marker and closing):
        raise ValueError(f"no {begin.strip()} … {end.strip()} in {document.name}")
    return f"{before}{begin}\n{part}\n{end}{after}"


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as Markdown; the second says how columns are aligned."""
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
