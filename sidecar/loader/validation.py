"""The tree against the model: all that does not fit, each at its place and in plain words.

The model's own messages are used where it has them; values are never repeated.
"""

from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from sidecar.config import Config
from sidecar.loader.problems import Problem, nearest
from sidecar.loader.shape import choices_at, keys_at, kind_at, located
from sidecar.loader.tree import Leaf, Path, Table, find, plain

_EMPTY = "has no value: give it one, or remove the key"
_WORDS = {
    "missing": "required, but missing",
    "dataclass_type": "expected keys and values",
    "mapping_type": "expected keys and values",
    "dict_type": "expected keys and values",
    "tuple_type": "expected a list",
    "string_type": "expected a text",
}
_THEIRS = frozenset(get_args(ErrorType))
"""Pydantic's own kinds of errors, whose messages may repeat a value. All others are the model's."""


@cache
def adapter() -> TypeAdapter[Config]:
    """The validator of the model; built once, when first used."""
    return TypeAdapter(Config)


def validate(root: Table) -> tuple[Config | None, list[Problem]]:
    """The configuration that the tree describes, or what prevents it."""
    try:
        return adapter().validate_python(plain(root)), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        problems = (_problem(root, detail) for detail in details)
        return None, [problem for problem in problems if problem]


def _problem(root: Table, detail: ErrorDetails) -> Problem | None:
    path, alternative = located(step for step in detail["loc"] if step != "[key]")
    node, key, exact = find(root, path)
    if isinstance(node, Leaf) and node.broken:
        return None
    about_key = "[key]" in detail["loc"] or detail["type"] == "unexpected_keyword_argument"
    at_key = about_key or not exact or not isinstance(node, Leaf)
    origin = key if at_key else node.origin
    if detail["type"] == "unexpected_keyword_argument":
        return Problem(origin, path, *_unknown_key(path, alternative))
    if exact and not about_key and isinstance(node, Leaf) and node.value is None:
        return Problem(key, path, _EMPTY)
    value = node.value if exact and isinstance(node, Leaf) else None
    suggestion = nearest(value, choices_at(path)) if isinstance(value, str) else None
    return Problem(origin, path, _message(path, detail), suggestion)


def _unknown_key(path: Path, alternative: str | None) -> tuple[str, str | None]:
    known = keys_at(path[:-1], alternative)
    suggestion = nearest(path[-1], known)
    message = "unknown key" if suggestion else f"unknown key; known here: {', '.join(known)}"
    return message, suggestion


def _message(path: Path, detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind not in _THEIRS:
        return detail["msg"]
    if kind == "literal_error":
        or_keys = ", or keys and values" if kind_at(path, "section") else ""
        return f"expected one of {', '.join(choices_at(path))}{or_keys}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = context["discriminator"].strip("'")
        return f"{key}: expected one of {', '.join(choices_at((*path, key)))}"
    return _WORDS.get(kind) or _bound(kind, context) or f"not valid ({kind})"


def _bound(kind: str, context: dict[str, Any]) -> str | None:
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}"
    if kind == "too_short":
        return f"at least {context['min_length']} is needed"
    return None
