"""What was measured: durations and outcomes by arm and provider, in bounded memory. Pure."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Arm = Literal["direct", "sidecar"]
ARMS: tuple[Arm, ...] = ("direct", "sidecar")

OK = "ok"
BROKEN = "broken"
"""The connection broke before the answer was complete."""
TIMEOUT = "timeout"
"""The application's own."""
UNANSWERED = "unanswered"
"""The call was still waiting when the demonstration ended."""

_STEP = math.log(1.01)


@dataclass(slots=True)
class Durations:
    """A distribution of seconds, exact to 1 %."""

    count: int = 0
    slowest: float = 0.0
    _buckets: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.count += 1
        self.slowest = max(self.slowest, seconds)
        self._buckets[math.floor(math.log(max(seconds, 1e-6)) / _STEP)] += 1

    def quantile(self, q: float) -> float | None:
        """The duration that a share `q` does not exceed (nearest rank); None without any."""
        rank = math.ceil(q * self.count)
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                return min(math.exp((bucket + 0.5) * _STEP), self.slowest)
        return None


@dataclass(slots=True)
class Row:
    """The figures of one arm, for one provider or for all."""

    durations: Durations = field(default_factory=Durations)
    """Of every call, those that failed too."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """`ok`, `503` and the like, the sidecar's error codes, or one of the words above."""
    connections: int | None = None
    """New connections that the provider saw; None where that is not counted."""

    def add(self, seconds: float, outcome: str) -> None:
        """Count one call."""
        self.durations.add(seconds)
        self.outcomes[outcome] += 1

    @property
    def errors(self) -> float:
        """The share of calls that failed, 0 to 1."""
        count = self.durations.count
        return (count - self.outcomes[OK]) / count if count else 0.0


@dataclass(slots=True)
class Figures:
    """Everything measured so far, by what it is about and by arm."""

    subjects: tuple[str, ...]
    rows: dict[tuple[str, Arm], Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = {(subject, arm): Row() for subject in self.subjects for arm in ARMS}

    def add(self, subjects: Iterable[str], arm: Arm, *, seconds: float, outcome: str) -> None:
        """Count one call for each of `subjects`."""
        for subject in subjects:
            self.rows[subject, arm].add(seconds, outcome)

    def as_json(self) -> dict[str, dict[str, dict[str, object]]]:
        """The figures by subject and arm; durations in milliseconds."""
        return {
            subject: {arm: _row_json(self.rows[subject, arm]) for arm in ARMS}
            for subject in self.subjects
        }


def _row_json(row: Row) -> dict[str, object]:
    quantiles = {
        name: _ms(row.durations.quantile(q))
        for name, q in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99))
    }
    return {
        "calls": row.durations.count,
        **quantiles,
        "slowest_ms": _ms(row.durations.slowest if row.durations.count else None),
        "errors_percent": round(100 * row.errors, 2),
        "outcomes": dict(sorted(row.outcomes.items())),
        "connections": row.connections,
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
