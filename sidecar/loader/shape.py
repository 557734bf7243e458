"""Which keys are valid where: the dataclasses of the configuration, seen as a tree of kinds.

Reads the model by its type hints; knows no values.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sidecar.config import Config
from sidecar.loader.tree import Path


@dataclass(frozen=True, slots=True)
class Kind:
    """What stands at one place.

    `section` has fixed keys, `named` has free ones, `list` has items, `scalar` is one value.
    """

    form: Literal["section", "named", "list", "scalar"]
    hint: Any = None
    """The dataclass of a section; the type of what a list or free keys hold."""


@cache
def kind_of(hint: Any) -> Kind:
    """The kind of a type hint."""
    origin = get_origin(hint)
    if origin in (types.UnionType, Union):
        return kind_of(next(each for each in get_args(hint) if each is not type(None)))
    if origin is tuple:
        return Kind("list", get_args(hint)[0])
    if origin is Mapping:
        return Kind("named", get_args(hint)[1])
    if is_dataclass(hint) and "__pydantic_config__" in vars(hint):
        return Kind("section", hint)
    return Kind("scalar", hint)


@cache
def members(section: type) -> dict[str, Any]:
    """The keys of a section with their type hints, in order."""
    hints = get_type_hints(section)
    return {each.name: hints[each.name] for each in fields(section)}


def kind_at(path: Path) -> Kind | None:
    """The kind of what may stand at `path`; None where nothing may."""
    kind = kind_of(Config)
    for step in path:
        if kind.form == "section":
            hint = members(kind.hint).get(str(step))
            if hint is None:
                return None
        elif kind.form in ("named", "list"):
            hint = kind.hint
        else:
            return None
        kind = kind_of(hint)
    return kind


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that are valid in the section at `path`; none, if it is no section."""
    kind = kind_at(path)
    return tuple(members(kind.hint)) if kind and kind.form == "section" else ()


def choices_at(path: Path) -> tuple[str, ...]:
    """The words that are valid at `path`, where only certain words are."""
    kind = kind_at(path)
    if kind is None or get_origin(kind.hint) is not Literal:
        return ()
    return tuple(map(str, get_args(kind.hint)))
