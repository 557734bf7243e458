"""Reads `.env` files: `NAME=value`, quotes over several lines, `export`, comments.

The dialects of dotenv, python-dotenv and `docker --env-file` differ in details that no URL has.
"""

import re

from sidecar.core.findings.assignment import Assignment, Place, Read, Unclear

MAX_QUOTED_LINES = 200

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][\w.-]*)(?:\s*=\s*(?P<rest>.*))?", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s+)#.*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_CLOSING = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": re.compile(r"'([^']*)'"),
    "`": re.compile(r"`([^`]*)`"),
}


def read(text: str, file: str) -> Read:
    """The assignments of a text, in their order, and the lines that are none."""
    lines = text.splitlines()
    assignments: list[Assignment] = []
    unclear: list[Unclear] = []
    index = 0
    while index < len(lines):
        place = Place(file, index + 1)
        line = lines[index].strip()
        index += 1
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            unclear.append(Unclear(place, "is no NAME=value"))
            continue
        name, rest = found["name"], found["rest"]
        if rest is None or rest[:1] not in _CLOSING:
            value = None if rest is None else _COMMENT.sub("", rest)
            assignments.append(Assignment(name, value, place))
            continue
        quoted = _quoted(rest, lines[index : index + MAX_QUOTED_LINES])
        if quoted is None:
            unclear.append(Unclear(place, f"{name}: a quotation that is not closed"))
            continue
        value, more = quoted
        index += more
        assignments.append(Assignment(name, value, place, literal=rest[0] != '"'))
    return Read(tuple(assignments), tuple(unclear))


def _quoted(rest: str, following: list[str]) -> tuple[str, int] | None:
    """The text in quotes, and how many of the following lines it goes on for."""
    closing = _CLOSING[rest[0]]
    if (found := closing.match(rest)) is None:
        whole = "\n".join([rest, *following])
        if (found := closing.match(whole)) is None:
            return None
    text = found[1]
    if rest[0] == '"':
        text = _ESCAPED.sub(lambda each: _ESCAPES.get(each[1], each[1]), text)
    return text, found[0].count("\n")
