"""The JSON Schema (draft 2020-12) of the configuration, for editors.

Made from the model: its types, its field docstrings, its defaults as they are written.
"""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from sidecar.config import Address, Config
from sidecar.config.redis_address import RedisUrl
from sidecar.config.strict import STRICT
from sidecar.config.values import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    format_duration,
    format_size,
)
from sidecar.loader.shape import kinds_of, members

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"$ref": "#/$defs/Variable"}
_SCALARS = {"integer", "number", "boolean", "string"}
_KEPT = {"description", "default"}


def json_schema() -> dict[str, Any]:
    """The schema. Wherever a single value is expected, a text with `${…}` will do as well."""
    schema = _documented().json_schema()
    definitions = schema.pop("$defs")
    for section in sections(Config):
        definition = schema if section is Config else definitions[section.__name__]
        _finish(definition, section)
    definitions["Variable"] = {
        "description": "A value from the environment or from a file.",
        "type": "string",
        "pattern": r"\$\{.+\}",
    }
    schema["properties"]["upstreams"] = _named(schema["properties"]["upstreams"])
    schema["title"] = "sidecar configuration"
    return {"$schema": DIALECT, **schema, "$defs": dict(sorted(definitions.items()))}


@cache
def _documented() -> TypeAdapter[Config]:
    """The model with its docstrings, which the validator does without."""
    STRICT["use_attribute_docstrings"] = True
    try:
        return TypeAdapter(Config)
    finally:
        del STRICT["use_attribute_docstrings"]


def sections(section: type) -> Iterator[type]:
    """The dataclass and all those within it, each once."""
    seen: list[type] = [section]
    for each in seen:
        waiting = list(members(each).values())
        for hint in waiting:
            for kind in kinds_of(hint):
                if kind.form in ("list", "named"):
                    waiting.append(kind.hint)
                elif kind.form == "section" and kind.hint not in seen:
                    seen.append(kind.hint)
    yield from seen


def defaults(section: type) -> dict[str, Any]:
    """The default of every key that has one; a section's is left out."""
    assert is_dataclass(section)
    return {each.name: each.default for each in fields(section) if each.default is not MISSING}


def written(value: Any, schema: dict[str, Any]) -> Any:
    """A default as it is written in YAML, where `schema` says what it is."""
    text = str(schema)
    if isinstance(value, (tuple, list)):
        return [written(item, schema) for item in value]
    if isinstance(value, Address | RedisUrl):
        return str(value)
    if isinstance(value, float) and repr(DURATION_PATTERN) in text:
        return format_duration(value)
    if isinstance(value, int) and repr(SIZE_PATTERN) in text:
        return format_size(value)
    return value


def _finish(definition: dict[str, Any], section: type) -> None:
    definition.pop("title", None)
    definition["description"] = " ".join(definition["description"].split())
    given = defaults(section)
    for name, property_ in definition["properties"].items():
        property_.pop("title", None)
        if name in given:
            property_["default"] = written(given[name], property_)
        if "description" in property_:
            property_["description"] = " ".join(property_["description"].split())
        definition["properties"][name] = _with_variables(property_)


def _with_variables(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key in _KEPT}
    rest = {key: value for key, value in schema.items() if key not in _KEPT}
    rest.pop("discriminator", None)  # OpenAPI's word; JSON Schema has none
    if "anyOf" in rest or "oneOf" in rest:
        alternatives = rest.pop("anyOf", None) or rest.pop("oneOf")
        options = [_with_variables(option) for option in alternatives]
        flat = [inner for option in options for inner in option.get("anyOf", [option])]
        unique = [each for n, each in enumerate(flat) if each not in flat[:n]]
        return {**kept, **rest, "anyOf": unique}
    if "items" in rest:
        return {**kept, **rest, "items": _with_variables(rest["items"])}
    if rest.get("type") in _SCALARS:
        return {**kept, "anyOf": [rest, _VARIABLE]}
    return schema


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    """Free keys that follow a pattern, and no others."""
    ((pattern, content),) = schema.pop("patternProperties").items()
    return {**schema, "propertyNames": {"pattern": pattern}, "additionalProperties": content}
