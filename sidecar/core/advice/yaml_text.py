"""Writes a tree of settings as YAML for people. Pure: knows nothing of what the settings mean."""

import json
import re
from collections.abc import Mapping, Sequence

_PLAIN = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9/][A-Za-z0-9/_.*-]*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


def yaml_text(tree: Mapping[str, object]) -> str:
    """The tree, two spaces for each level; what holds plain values only is on one line."""
    return "\n".join(_lines(tree)) + "\n" if tree else ""


def _lines(tree: Mapping[str, object]) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        if _is_leaf(value):
            lines.append(f"{_scalar(key)}: {_flow(value)}")
        elif isinstance(value, Mapping):
            lines += [f"{_scalar(key)}:", *("  " + line for line in _lines(value))]
        else:
            assert isinstance(value, Sequence)
            lines.append(f"{_scalar(key)}:")
            for item in value:
                first, *rest = _lines(item)
                lines += [f"  - {first}", *("    " + line for line in rest)]
    return lines


def _is_leaf(value: object) -> bool:
    """Whether it goes on one line: a scalar, or a short collection of them."""
    if isinstance(value, Mapping):
        flat = all(_is_scalar(each) or _is_words(each) for each in value.values())
        return flat and len(_flow(value)) <= 70
    if isinstance(value, Sequence) and not isinstance(value, str):
        return not value or not all(isinstance(each, Mapping) and "name" in each for each in value)
    return True


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float | bool) or value is None


def _is_words(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_scalar, value))


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain and not re.fullmatch(r"\d+e\d+", value) else json.dumps(value)
    return json.dumps(value)
