"""The reference: a valid configuration with every key, its default and what it is for.

Made from the model and its JSON Schema; a key without a default gets an example.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from sidecar.config import Config, Route, Upstream
from sidecar.loader.schema import defaults, json_schema, written
from sidecar.loader.shape import kind_of, kinds_of, members

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
    "fault": "hang",
    "upstream": "example",
    "rate": "80/s",
    "target": "/rest/v1/accounts?id=eq.{$[*].account_id}",
    "certificate": "/etc/sidecar/tls.crt",
    "key": "/etc/sidecar/tls.key",
    "secret": "${CALLBACK_SECRET}",
}
_UPSTREAM = "example"
_SHOWN = "-"
"""Where, among the definitions, the sections are that an upstream has shown already."""


def reference() -> str:
    """The text of the reference."""
    schema = json_schema()
    schema["$defs"]["Config"] = schema
    schema["$defs"][_SHOWN] = set()
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
    sections = [each.hint for each in kinds_of(hint) if each.form == "section"]
    if sections and has_default:
        yield f"{indent}{key}: {_scalar(default)}"
        for section in sections:
            yield from _commented_out(key, section, definitions, depth)
    elif kind.form == "section" and kind.hint in definitions[_SHOWN]:
        yield f"{indent}{key}: {{}} # the same keys as the upstream's"
    elif kind.form == "section":
        yield f"{indent}{key}:"
        yield from _section(kind.hint, definitions, depth + 1)
        definitions[_SHOWN].add(kind.hint)
    elif inner.form == "section" and inner.hint is not Route and has_default and not default:
        yield f"{indent}{key}: []"
        yield from _commented_out(key, inner.hint, definitions, depth, item=True)
    elif kind.form == "named" and inner.form != "section":
        yield f"{indent}{key}: {{}}"
    elif kind.form == "named":
        definitions[_SHOWN].clear()
        yield f"{indent}{key}:"
        yield f"{indent}  {_UPSTREAM}:"
        yield from _section(inner.hint, definitions, depth + 2)
    elif inner.form == "section":
        yield f"{indent}{key}:"
        item = [line for line in _section(inner.hint, definitions, depth + 2) if line]
        yield from _as_item(item, depth + 1)
    else:
        yield from _value(indent, key, default if has_default else _EXAMPLES[key])


def _value(indent: str, key: str, value: Any) -> Iterator[str]:
    """A single value; a list that is too wide for a line has a line for each of its items."""
    line = f"{indent}{key}: {_scalar(value)}"
    if len(line) <= WIDTH or not isinstance(value, list):
        yield line
        return
    yield f"{indent}{key}:"
    yield from (f"{indent}  - {_scalar(item)}" for item in value)


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
    key: str, section: type, definitions: dict[str, Any], depth: int, *, item: bool = False
) -> Iterator[str]:
    """A section, or a list with one, that is not there by default, once."""
    if section in definitions[_SHOWN]:
        return
    definitions[_SHOWN].add(section)
    indent = "  " * depth
    yield f"{indent}# {key}:"
    lines: Iterable[str] = _section(section, definitions, depth + (3 if item else 2))
    if item:
        lines = _as_item([line for line in lines if line], depth + 2)
    for line in lines:
        yield f"{indent}# {line[len(indent) + 2 :]}"


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
