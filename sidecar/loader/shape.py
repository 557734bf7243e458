"""Which keys are valid where: the dataclasses of the configuration, seen as a tree of kinds.

Reads the model by its type hints; knows no values. Where one of several kinds may stand, such as a
word or keys and values, the first is what the reference shows.
"""

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sidecar.config import Config
from sidecar.loader.tree import Path

Form = Literal["section", "named", "list", "scalar"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What stands at one place.

    `section` has fixed keys, `named` has free ones, `list` has items, `scalar` is one value.
    """

    form: Form
    hint: Any = None
    """The dataclass of a section; the type of what a list or free keys hold."""


@cache
def kinds_of(hint: Any) -> tuple[Kind, ...]:
    """The kinds of a type hint: one, or one for each of the alternatives."""
    origin = get_origin(hint)
    if origin in (types.UnionType, Union):
        options = (each for each in get_args(hint) if each is not type(None))
        return tuple(kind for each in options for kind in kinds_of(each))
    if origin is tuple:
        return (Kind("list", get_args(hint)[0]),)
    if origin is Mapping:
        return (Kind("named", get_args(hint)[1]),)
    if is_dataclass(hint) and "__pydantic_config__" in vars(hint):
        return (Kind("section", hint),)
    return (Kind("scalar", hint),)


def kind_of(hint: Any) -> Kind:
    """The kind of a type hint; the first, where there are alternatives."""
    return kinds_of(hint)[0]


@cache
def members(section: type) -> dict[str, Any]:
    """The keys of a section with their type hints, in order."""
    hints = get_type_hints(section)
    return {each.name: hints[each.name] for each in fields(section)}


def kinds_at(path: Path) -> tuple[Kind, ...]:
    """The kinds of what may stand at `path`; none where nothing may."""
    kinds = kinds_of(Config)
    for step in path:
        kinds = _under(kinds, step)
    return kinds


def _under(kinds: tuple[Kind, ...], step: str | int) -> tuple[Kind, ...]:
    """The kinds of what may stand under `step` of something of these kinds."""
    hints = (_inside(kind, step) for kind in kinds)
    inner = (kind for hint in hints if hint is not None for kind in kinds_of(hint))
    return tuple(dict.fromkeys(inner))


def kind_at(path: Path, *forms: Form) -> Kind | None:
    """The first kind of what may stand at `path`, of those forms if any are given; or None."""
    return next((kind for kind in kinds_at(path) if not forms or kind.form in forms), None)


def _inside(kind: Kind, step: str | int) -> Any:
    """The type hint of what is under `step`; None where nothing may be."""
    if kind.form == "section":
        return members(kind.hint).get(str(step))
    return kind.hint if kind.form in ("named", "list") else None


def located(steps: Iterable[str | int]) -> tuple[Path, str | None]:
    """Where in the configuration something is of which pydantic names the steps.

    Where there are alternatives, pydantic puts the name of the one that it tried among the steps.

    Returns:
        the path, and the name of the last alternative on the way, if there was one.
    """
    path: Path = ()
    kinds, tried, named = kinds_of(Config), None, False
    for step in steps:
        if len(kinds) > 1 and not named:
            tried, named = str(step), True
            kinds = tuple(kind for kind in kinds if tried in _words(kind)) or kinds
        else:
            path, named = (*path, step), False
            kinds = _under(kinds, step)
    return path, tried


def keys_at(path: Path, alternative: str | None = None) -> tuple[str, ...]:
    """The keys that are valid in the section at `path`; none, if it is no section.

    Args:
        path: the section's.
        alternative: the word that chooses one of several sections, if there is one.
    """
    sections = [kind for kind in kinds_at(path) if kind.form == "section"]
    chosen = [each for each in sections if alternative in _words(each)] or sections
    return tuple(dict.fromkeys(key for each in chosen for key in members(each.hint)))


def _words(kind: Kind) -> set[str]:
    """The words that choose this section: the values of its keys that have only one."""
    hints = members(kind.hint).values() if kind.form == "section" else ()
    words = (get_args(hint) for hint in hints if get_origin(hint) is Literal)
    return {str(each[0]) for each in words if len(each) == 1}


def choices_at(path: Path) -> tuple[str, ...]:
    """The words that are valid at `path`, where only certain words are."""
    hints = (kind.hint for kind in kinds_at(path))
    words = (get_args(hint) for hint in hints if get_origin(hint) is Literal)
    return tuple(dict.fromkeys(str(word) for each in words for word in each))
