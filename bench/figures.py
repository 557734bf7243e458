"""From repeated measurements to medians, what is added over direct, and ratios. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured, in which unit, and how it is compared."""

    key: str
    title: str
    unit: str
    added: bool = False
    """Whether what the same round measured directly is subtracted."""


Round = Mapping[str, Mapping[str, float]]
"""One round's raw values: by peer, by figure."""


@dataclass(frozen=True, slots=True)
class Value:
    """A figure of one peer over all rounds."""

    median: float
    low: float
    high: float


Table = dict[str, dict[str, Value]]
"""Values by peer, by figure."""


def summarise(rounds: Sequence[Round], figures: Sequence[Figure]) -> Table:
    """Medians with the lowest and the highest, over all rounds that measured the figure."""
    table: Table = {}
    for peer in rounds[0]:
        row = table.setdefault(peer, {})
        for figure in figures:
            values = [value for one in rounds if (value := _of(one, peer, figure)) is not None]
            if values:
                row[figure.key] = Value(median(values), min(values), max(values))
    return table


def _of(one: Round, peer: str, figure: Figure) -> float | None:
    value = one[peer].get(figure.key)
    if value is None or not figure.added:
        return value
    direct = one[DIRECT].get(figure.key)
    return None if peer == DIRECT or direct is None else value - direct


def ratio(table: Table, figure: Figure, peer: str, to: str) -> float | None:
    """`peer`'s median over that of `to`; None where either is not measured."""
    mine, theirs = table[peer].get(figure.key), table[to].get(figure.key)
    return mine.median / theirs.median if mine and theirs and theirs.median > 0 else None
