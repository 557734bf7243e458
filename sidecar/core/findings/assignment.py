"""The words that readers of files share: an assignment, its place, and what was not understood.

A value may be a credential: whoever prints or writes takes names and places only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_REFERENCE = re.compile(
    r"\$\{(?P<name>\w+)(?:(?P<rule>:?[-+?])(?P<word>[^{}]*))?\}|\$(?P<bare>[A-Za-z_]\w*)"
)


class Place(NamedTuple):
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        name = "".join(each if each.isprintable() else "?" for each in self.file)
        return f"{name}:{self.line}" if self.line else name


class Unclear(NamedTuple):
    """What was not understood. The message holds no text of the file."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable that the application is given."""

    name: str
    value: str | None = field(repr=False)
    """None where it comes from elsewhere."""
    place: Place
    literal: bool = False
    """References in the value are no references."""


class Named(NamedTuple):
    """A further file with variables, as a compose file names it."""

    path: str
    required: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Read:
    """What one file holds."""

    assignments: tuple[Assignment, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    files: tuple[Named, ...] = ()


def expanded(value: str, known: Mapping[str, str | None]) -> str | None:
    """The value with `$NAME`, `${NAME}`, `${NAME:-default}` replaced, as shells and Compose do.

    None when it depends on a variable that is not known.
    """
    unknown = False

    def replacement(found: re.Match[str]) -> str:
        nonlocal unknown
        given = known.get(found["name"] or found["bare"])
        rule, word = found["rule"] or "", found["word"] or ""
        is_set = bool(given) if rule.startswith(":") else given is not None
        if rule.endswith("+"):
            return word if is_set else ""
        if is_set and given is not None:
            return given
        if rule.endswith("-"):
            return word
        unknown = True
        return ""

    text = _REFERENCE.sub(replacement, value)
    return None if unknown else text


def resolved(assignments: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
    """The assignments with their references replaced, by what was assigned before."""
    known: dict[str, str | None] = {}
    done = []
    for each in assignments:
        value = each.value
        if value is not None and not each.literal:
            value = expanded(value, known)
        if value is not None or each.name not in known:
            known[each.name] = value
        done.append(Assignment(each.name, value, each.place, literal=True))
    return tuple(done)
