"""Whether something has become slower than it was: ratios to a reference loop, and minima. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LOSS = 1.25
"""From which factor on a loss is one."""
_GAIN = 0.75


@dataclass(slots=True)
class Minima:
    """The least seconds that each was seen to take for doing it once.

    Whatever else a machine does makes things slower, never faster: so the least of many tries is
    what the code itself takes.
    """

    least: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        """One more try."""
        self.least[name] = min(seconds, self.least.get(name, seconds))

    def ratios(self, reference: str) -> dict[str, float]:
        """Each as so many turns of the reference loop."""
        one = self.least[reference]
        return {name: took / one for name, took in self.least.items() if name != reference}


def slower(ratios: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """What takes at least a quarter longer than it did; what has no baseline does not."""
    return [
        name
        for name, ratio in ratios.items()
        if name in baseline and ratio >= LOSS * baseline[name]
    ]


def faster(ratios: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """What takes at least a quarter less: the baseline hides the next loss."""
    return [
        name
        for name, ratio in ratios.items()
        if name in baseline and ratio <= _GAIN * baseline[name]
    ]


def unknown(names: Iterable[str], baseline: Mapping[str, float]) -> list[str]:
    """What is measured and has no baseline, or has one and is not measured any more."""
    return sorted(set(names) ^ set(baseline))


def lines(ratios: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """A table for a terminal."""
    rows = [f"{'':<12}{'now':>10}{'baseline':>10}{'change':>9}"]
    for name, ratio in ratios.items():
        before = baseline.get(name)
        change = f"{ratio / before - 1:+.0%}" if before else "-"
        rows.append(f"{name:<12}{ratio:>10.3f}{before or 0:>10.3f}{change:>9}")
    return rows
