"""One piece of advice: what was seen, what could be changed, and what to look at before. Plain.

The words of `kind` and the fields of `as_dict` are a public interface: `sidecar advise --json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "timeout", "cache", "n_plus_one", "sequence", "pace", "index", "paging", "retry", "pool",
    "hedge", "breaker",
]  # fmt: skip
Confidence = Literal["high", "medium", "low"]
Figure = int | float | str

ORDER: Mapping[Confidence, int] = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Advice:
    """One proposal."""

    kind: Kind
    upstream: str
    route: str
    title: str
    """One sentence."""
    evidence: Mapping[str, Figure]
    """What was measured. Names that end in `_seconds` are durations."""
    confidence: Confidence
    check: str
    """What to look at before."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """What to write in the configuration, as a tree; empty where that does not help."""
    sql: str = ""
    """Statements for the database; "" where there are none."""
    text: str = ""
    """What to change in the application; "" where there is nothing."""
    saved: float = 0.0
    """Seconds of waiting that it is about, as observed: what comes first, goes by it."""

    def as_dict(self, yaml: str) -> dict[str, object]:
        """For people and programs; `yaml` is how `settings` are written."""
        return {
            "kind": self.kind,
            "upstream": self.upstream,
            "route": self.route,
            "title": self.title,
            "confidence": self.confidence,
            "evidence": dict(self.evidence),
            "yaml": yaml or None,
            "sql": self.sql or None,
            "application": self.text or None,
            "check": self.check,
        }
