"""Reads JSON, and finds what is in it: the notation of a path, and what is there.

Knows JSON; nothing of who wrote it.
"""

import json
import re
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Path = tuple[str | int, ...]

_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\[\"([^\"]+)\"\]|\['([^']+)'\]")


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
    steps: list[str | int] = []
    at = 1 if text.startswith("$") else 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or (text[at] not in ".[" and at > 0):
            raise ValueError(f"not a JSON path: {text!r} at {text[at:]!r}")
        name, index, *quoted = step.groups()
        steps.append(int(index) if index else name or quoted[0] or quoted[1])
        at = step.end()
    if not steps:
        raise ValueError(f"not a JSON path: {text!r} names nothing")
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
