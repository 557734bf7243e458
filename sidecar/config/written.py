"""Each single value of a configuration and its place, as they are written; secrets are hidden.

Knows the types of the model; nothing of where a value comes from.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple, TypeAlias, TypeGuard, get_args, get_type_hints

from sidecar.config.drills import Lasting
from sidecar.config.pace import Rate, format_rate
from sidecar.config.secret import HIDDEN
from sidecar.config.strict import STRICT
from sidecar.config.values import Duration, Size, Timeout, format_duration, format_size

Path: TypeAlias = tuple[str | int, ...]

_WORD = re.compile(r"[A-Za-z0-9_./:*{}$-]{1,60}")

_FORMATS = (
    (Duration, format_duration),
    (Timeout, format_duration),
    (Lasting, format_duration),
    (Size, format_size),
    (Rate, format_rate),
)


class Value(NamedTuple):
    """One value and its place."""

    path: Path
    written: str


def values(config: object) -> Iterator[Value]:
    """All of them, in the order of the model. A list of sections is walked, another is one value.

    Hidden is what the model does not show either: secrets, and fields that are left out of `repr`.
    """
    return _walk(config, type(config), ())


def _walk(value: Any, hint: Any, path: Path) -> Iterator[Value]:
    if isinstance(value, Mapping):
        inner = get_args(hint)[-1] if get_args(hint) else object
        if not value:
            yield Value(path, "none")
        for key, item in value.items():
            yield from _walk(item, inner, (*path, key))
    elif is_section(value):
        for each in fields(value):
            yield from _member(value, each, path)
    elif isinstance(value, tuple) and any(map(is_section, value)):
        for index, item in enumerate(value):
            yield from _walk(item, type(item), (*path, index))
    else:
        yield Value(path, written(value, hint))


def _member(section: Any, each: "Field[Any]", path: Path) -> Iterator[Value]:
    value, below = getattr(section, each.name), (*path, each.name)
    kind: Any = type(section)
    if not each.repr:
        yield Value(below, "none" if value in (None, (), "") else HIDDEN)
    else:
        yield from _walk(value, hints_of(kind)[each.name], below)


def written(value: Any, hint: Any) -> str:
    """As it is written in YAML."""
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    for known, write in _FORMATS:
        if hint == known or known in get_args(hint):
            return write(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value)


def dotted(path: Path) -> str:
    """`upstreams.gemini.routes[0].name`; a key of unusual characters is quoted and cut."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = step if _WORD.fullmatch(step) else json.dumps(step[:60])
            text += f".{shown}" if text else shown
    return text


@cache
def hints_of(section: type) -> dict[str, Any]:
    """The types of a section's keys, annotations and all."""
    return get_type_hints(section, include_extras=True)


def is_section(value: object) -> TypeGuard[Any]:
    """Whether it has keys of its own; an address is a dataclass too, and is one value."""
    return is_dataclass(value) and getattr(value, "__pydantic_config__", None) is STRICT
