"""What is wrong with a configuration: one value per problem, and how it is shown.

Messages never hold a value of the configuration: it may be a credential.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sidecar import suggestions
from sidecar.config.written import dotted
from sidecar.loader.tree import Origin, Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    origin: Origin
    path: Path
    message: str
    suggestion: str | None = None
    severity: Literal["error", "warning"] = "error"

    @property
    def text(self) -> str:
        """Path, message and suggestion, without the place."""
        name = dotted(self.path)
        said = f"{self.message}{suggestions.hint(self.suggestion)}"
        return f"{name}: {said}" if name else said

    def __str__(self) -> str:
        return f"{self.origin.place}: {self.severity}: {self.text}"

    def as_json(self) -> dict[str, object]:
        """The same for machines."""
        return {
            "file": self.origin.file or None,
            "line": self.origin.line or None,
            "column": self.origin.column or None,
            "origin": str(self.origin),
            "severity": self.severity,
            "path": dotted(self.path),
            "message": self.message,
            "suggestion": self.suggestion,
        }


class ConfigErrors(Exception):
    """The configuration cannot be used.

    Args:
        problems: all that was found, errors and warnings, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class ConfigNotFound(ConfigErrors):
    """The file does not exist or cannot be read; there is no fallback to defaults."""


def nearest(word: object, known: Iterable[str]) -> str | None:
    """Which of `known` was probably meant."""
    return suggestions.nearest(str(word)[:60].lower(), known)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By place, without the repetitions that inheritance brings: the shortest path stays."""
    first: dict[tuple[Origin, str], Problem] = {}
    for problem in sorted(problems, key=lambda each: len(each.path)):
        first.setdefault((problem.origin, problem.message), problem)
    return sorted(
        first.values(),
        key=lambda each: (each.origin.file, each.origin.line, each.origin.column, each.text),
    )
