"""The reference of the configuration as Markdown: a table for each section, from the model.

What each key is for is in the docstrings of the model; nothing of it is written here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sidecar.config import Config
from sidecar.config.values import DURATION_PATTERN, SIZE_PATTERN
from sidecar.loader.schema import defaults, json_schema, written
from sidecar.loader.shape import Kind, kinds_of, members

_TOP = "Top level"
_PATTERNS = {
    DURATION_PATTERN: "duration",
    SIZE_PATTERN: "size",
    r"^(unix:.+|.+:[0-9]+)$": "address",
    r"^[a-z0-9][a-z0-9-]*$": "name",
    r"^https?://[^/?#@\s]+(/[^?#\s]*)?$": "URL",
}
_TYPES = {"boolean": "`true`, `false`", "integer": "whole number", "number": "number"}
_MOST_WORDS = 8


def reference() -> str:
    """The tables, each under a heading with the path of its section."""
    schema = json_schema()
    definitions = {**schema["$defs"], "Config": schema}
    places = dict(_places())
    return "\n".join(
        line
        for section, path in places.items()
        for line in _section(section, path, definitions, places)
    )


def anchor(path: str) -> str:
    """The fragment of the section at `path`."""
    return path.lower().replace(" ", "-").replace(".", "-").replace("[]", "").replace(":", "")


def _places() -> Iterator[tuple[type, str]]:
    """Each section with the first path at which it stands, in the order of the model."""
    seen: set[type] = set()

    def under(section: type, path: str) -> Iterator[tuple[type, str]]:
        seen.add(section)
        yield section, path or _TOP
        for key, hint in members(section).items():
            for inner, place in _inner(hint, f"{path}.{key}".lstrip(".")):
                if inner not in seen:
                    yield from under(inner, place)

    yield from under(Config, "")


def _inner(hint: Any, path: str) -> Iterator[tuple[type, str]]:
    """The sections that may stand at a path."""
    kinds = kinds_of(hint)
    sections = sum(kind.form == "section" for kind in kinds)
    for kind in kinds:
        if kind.form == "section":
            yield kind.hint, path if sections == 1 else f"{path} {_word(kind)}"
        elif kind.form == "named":
            yield from _inner(kind.hint, f"{path}.NAME")
        elif kind.form == "list":
            yield from _inner(kind.hint, f"{path}[]")


def _word(kind: Kind) -> str:
    """What tells one of several sections at a place from the others: its `kind`."""
    return str(defaults(kind.hint).get("kind", kind.hint.__name__.removesuffix("Store").lower()))


def _section(
    section: type, path: str, definitions: Mapping[str, Any], places: Mapping[type, str]
) -> Iterator[str]:
    definition = definitions[section.__name__]
    title = path if path == _TOP else f"`{path}`"
    yield f"## {title} {{ #{anchor(path)} }}\n"
    yield f"{definition['description']}\n"
    yield "| key | value | default | |"
    yield "| --- | --- | --- | --- |"
    given = defaults(section)
    for key, hint in members(section).items():
        schema = definition["properties"][key]
        inner = _sections(hint, places)
        default = _default(written(given[key], schema)) if key in given else ""
        if not (inner or default):
            default = "needed"
        named = definitions.get(str(schema.get("$ref", "")).rpartition("/")[2], {})
        text = schema.get("description") or named.get("description", "")
        yield f"| `{key}` | {_kind(schema, inner, definitions)} | {default} | {_cell(text)} |"
    yield ""


def _sections(hint: Any, places: Mapping[type, str]) -> str:
    """Links to the sections that may stand there."""
    found = dict.fromkeys(section for section, _ in _inner(hint, ""))
    return ", ".join(f"[`{places[each]}`](#{anchor(places[each])})" for each in found)


def _kind(schema: Mapping[str, Any], sections: str, definitions: Mapping[str, Any]) -> str:
    words = dict.fromkeys(_words(schema, definitions))
    return " or ".join(([sections] if sections else []) + [word for word in words if word])


def _words(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    """What may stand there, but for sections, `null` and variables, which may stand anywhere."""
    if "$ref" in schema or schema.get("type") in ("null", "object"):
        return
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _words(each, definitions)
    elif schema.get("type") == "array":
        items = list(_words(schema.get("items", {}), definitions))
        yield f"list of {' or '.join(items)}" if items else ""
    elif "enum" in schema:
        values = [f"`{value}`" for value in schema["enum"]]
        yield ", ".join(values[:_MOST_WORDS] + (["…"] if len(values) > _MOST_WORDS else []))
    elif "const" in schema:
        yield f"`{schema['const']}`"
    else:
        plain = _PATTERNS.get(schema.get("pattern", "")) or _TYPES.get(schema["type"], "text")
        yield f"{plain}{_range(schema)}"


def _range(schema: Mapping[str, Any]) -> str:
    if "minimum" not in schema or "maximum" not in schema:
        return ""
    return f" {schema['minimum']:,} to {schema['maximum']:,}"


def _default(value: Any) -> str:
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(str(item) for item in value)}]`"
    return f"`{value}`"


def _cell(text: str) -> str:
    """Text within a cell; a `|` would end it."""
    return text.replace("|", r"\|")
