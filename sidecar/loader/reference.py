"""The reference: a valid configuration with every key, its default and what it is for.

Made from the model and its JSON Schema; a key without a default gets an example.
"""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from sidecar.config import Config, ServerTls, Timeouts, Upstream
from sidecar.loader.schema import defaults, json_schema, written
from sidecar.loader.shape import kind_of, members

WIDTH = 80
_HEADER = """\
# yaml-language-server: $schema=./sidecar.schema.json
#
# Every key with its default, in the order of the model; examples where there is
# no default. Written by `sidecar schema --reference`: do not edit by hand.
"""
_EXAMPLES = {
    "url": "https://api.example.com",
    "name": "search",
    "certificate": "/etc/sidecar/tls.crt",
    "key": "/etc/sidecar/tls.key",
}
_UPSTREAM = "example"


def reference() -> str:
    """The text of the reference."""
    schema = json_schema()
    schema["$defs"]["Config"] = schema
    return _HEADER + "\n".join(_section(Config, schema["$defs"], 0)) + "\n"


def _section(section: type, definitions: dict[str, Any], depth: int) -> Iterator[str]:
    given = defaults(section)
    properties = definitions[section.__name__]["properties"]
    for number, (key, hint) in enumerate(members(section).items()):
        schema = properties[key]
        named = definitions.get(str(schema.get("$ref", "")).rpartition("/")[2], {})
        if depth == 0 or (section is Upstream and number):
            yield ""
        yield from _comment(schema.get("description") or named.get("description", ""), depth)
        default = written(given[key], schema) if key in given else None
        yield from _key(key, hint, (key in given, default), definitions, depth)


def _key(
    key: str, hint: Any, given: tuple[bool, Any], definitions: dict[str, Any], depth: int
) -> Iterator[str]:
    indent, kind, (has_default, default) = "  " * depth, kind_of(hint), given
    inner = kind_of(kind.hint) if kind.form in ("named", "list") else kind
    if kind.hint is ServerTls:
        yield f"{indent}{key}: null"
        yield from _commented_out(key, ServerTls, definitions, depth)
    elif kind.form == "section" and kind.hint is Timeouts and definitions["_seen"]:
        yield f"{indent}{key}: {{}} # the same keys as the upstream's"
    elif kind.form == "section":
        yield f"{indent}{key}:"
        yield from _section(kind.hint, definitions, depth + 1)
        definitions["_seen"] |= kind.hint is Timeouts
    elif kind.form == "named":
        definitions["_seen"] = False
        yield f"{indent}{key}:"
        yield f"{indent}  {_UPSTREAM}:"
        yield from _section(inner.hint, definitions, depth + 2)
    elif inner.form == "section":
        yield f"{indent}{key}:"
        item = [line for line in _section(inner.hint, definitions, depth + 2) if line]
        yield from _as_item(item, depth + 1)
    else:
        yield f"{indent}{key}: {_scalar(default if has_default else _EXAMPLES[key])}"


def _as_item(lines: list[str], depth: int) -> Iterator[str]:
    """The lines of a table, the first of its keys marked as the beginning of a list's item."""
    first = next(n for n, line in enumerate(lines) if not line.lstrip().startswith("#"))
    indent = "  " * depth
    for number, line in enumerate(lines):
        if number <= first:
            yield indent + ("- " if number == first else "") + line.strip()
        else:
            yield line


def _commented_out(
    key: str, section: type, definitions: dict[str, Any], depth: int
) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}# {key}:"
    for line in _section(section, definitions, 1):
        yield f"{indent}# {line}"


def _comment(text: str, depth: int) -> Iterator[str]:
    indent = "  " * depth + "# "
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def _scalar(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(json.dumps(item) for item in value) + "]"
    if isinstance(value, str) and not value.startswith(("/", "http")):
        return value
    return json.dumps(value)
