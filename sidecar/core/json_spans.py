"""Where in a JSON text the strings at certain paths stand, so that they alone can be changed.

Nothing is written anew: every byte outside of what is replaced stays as it is. Pure.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sidecar.core.json_path import Json, Steps

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]:,]|[^\s"{}\[\]:,]++', re.DOTALL)
_UNIT = re.compile(
    r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"  # two that are one (RFC 8259 §7)
    r"|\\u[0-9A-Fa-f]{4}|\\.|[^\\]",
    re.DOTALL,
)


class Swap(NamedTuple):
    """The first `length` characters of a value, and what takes their place."""

    length: int
    text: str


class Literal(NamedTuple):
    """A string in a JSON text."""

    start: int
    """Of its opening quote."""
    end: int
    """Behind its closing quote."""
    value: str


def swapped(
    text: str, paths: Sequence[Steps], swap: Callable[[str], Swap | None]
) -> tuple[str, int] | None:
    r"""The text with the strings at `paths` changed as `swap` says, and how many were.

    What is put in must be ASCII without quotes, backslashes and control characters; its slashes
    are escaped where those that it replaces were (`\/`, as PHP writes them).

    Returns:
        None where `text` is no JSON, or too deep.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    wanted = (each for path in paths for each in _strings(value, path))
    if not any(swap(each) is not None for each in wanted):  # the common case, and the cheap one
        return text, 0
    parts, at, count = [], 0, 0
    for literal in strings_at(text, paths):
        change = swap(literal.value)
        if change is None:
            continue
        begin = literal.start + 1
        end = begin + _raw_length(text[begin : literal.end - 1], change.length)
        escaped = "\\/" in text[begin:end]
        new = change.text.replace("/", "\\/") if escaped else change.text
        parts += [text[at:begin], new]
        at, count = end, count + 1
    return "".join([*parts, text[at:]]), count


def strings_at(text: str, paths: Sequence[Steps]) -> list[Literal]:
    """The strings at `paths` in a text that is valid JSON, in their order.

    Where an object has a name twice, both are found.
    """
    walk = _Walk(text)
    walk.value(next(walk.tokens), paths)
    return walk.found


def _strings(value: Json, path: Steps) -> Iterator[str]:
    if not path:
        if isinstance(value, str):
            yield value
        return
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str):
        if step in value:
            yield from _strings(value[step], rest)
    elif isinstance(value, list) and step is None:
        for item in value:
            yield from _strings(item, rest)
    elif isinstance(value, list) and isinstance(step, int) and step < len(value):
        yield from _strings(value[step], rest)


def _raw_length(raw: str, length: int) -> int:
    """How many characters of a literal stand for the first `length` of its value."""
    end = 0
    for number, unit in enumerate(_UNIT.finditer(raw)):
        if number == length:
            break
        end = unit.end()
    return end


class _Walk:
    """One pass over the tokens of a valid text; it goes down only where a path leads."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.finditer(text)
        self.found: list[Literal] = []

    def value(self, token: re.Match[str], paths: Sequence[Steps]) -> None:
        """Read on to the end of the value that begins with `token`."""
        opening = token[0][0]
        if opening == '"':
            if () in paths:
                self.found.append(Literal(token.start(), token.end(), _decoded(token[0])))
        elif opening in "{[":
            if not any(paths):
                self._skip()
            elif opening == "{":
                self._object(paths)
            else:
                self._array(paths)

    def _object(self, paths: Sequence[Steps]) -> None:
        for token in self.tokens:
            if token[0] == "}":
                return
            if token[0] != ",":
                name = _decoded(token[0])
                next(self.tokens)  # the colon
                self.value(next(self.tokens), [path[1:] for path in paths if path[:1] == (name,)])

    def _array(self, paths: Sequence[Steps]) -> None:
        index = 0
        for token in self.tokens:
            if token[0] == "]":
                return
            if token[0] == ",":
                index += 1
            else:
                steps = ((index,), (None,))
                self.value(token, [path[1:] for path in paths if path[:1] in steps])

    def _skip(self) -> None:
        depth = 1
        for token in self.tokens:
            if token[0] in ("{", "["):
                depth += 1
            elif token[0] in ("}", "]"):
                depth -= 1
                if depth == 0:
                    return


def _decoded(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    value: str = json.loads(literal)
    return value
