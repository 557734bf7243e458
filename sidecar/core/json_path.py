"""Reads JSON, and finds what is in it: the notation of a path, and what is there.

Knows JSON; nothing of who wrote it.
"""

import json
import re
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Path = tuple[str | int, ...]

Steps: TypeAlias = tuple[str | int | None, ...]
"""A path that may lead to many: names, positions, and None for every item of a list."""

_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\[(\*)\]|\[\"([^\"]+)\"\]|\['([^']+)'\]")


def parsed(text: bytes) -> Json:
    """The JSON value; None if it is none, is not whole, or is nested too deeply."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def path_of(text: str) -> Path:
    """The steps of a JSON path: names, `[0]` and `["name"]`, after an optional `$`.

    Raises:
        ValueError: it is not of this form, or has no step.
    """
    rooted = text if text.startswith("$") else f"${text}" if text[:1] in "[." else f"$.{text}"
    steps = steps_of(rooted)
    path = tuple(step for step in steps if step is not None)
    if len(path) < len(steps):
        raise ValueError(f"not the JSON path of one value: {text!r}")
    return path


def steps_of(path: str) -> Steps:
    """The steps of `$.data[*].url`.

    Raises:
        ValueError: it is no such path.
    """
    steps: list[str | int | None] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"not a JSON path: {path!r} at {path[at:]!r}")
        name, index, every, *quoted = step.groups()
        steps.append(None if every else int(index) if index else name or quoted[0] or quoted[1])
        at = step.end()
    if not path.startswith("$") or not steps:
        raise ValueError(f"not a JSON path: {path!r}")
    return tuple(steps)


def field(value: Json, *path: str | int) -> Json:
    """What is at the path, names and positions; None if nothing is."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value
