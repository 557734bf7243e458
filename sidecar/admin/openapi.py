"""`/admin/openapi.json`: what the admin listener serves, as OpenAPI 3.1, made of its endpoints.

Knows endpoints as values; nothing of what they do.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from aiohttp import web

from sidecar import __version__
from sidecar.admin.endpoint import Answer, Endpoint, Parameter
from sidecar.admin.guard import OWN_HEADER
from sidecar.config.values import DURATION_PATTERN

_PATH = "/admin/openapi.json"
_PLACE = re.compile(r"\{([a-z_]+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
"""A part of a path in aiohttp's notation, with the expression that it must match."""
_WORDS = re.compile(r"[a-z-]+(?:\|[a-z-]+)+")

_Json = dict[str, Any]
_ABOUT = (
    Parameter("reason", "why; it is shown and logged"),
    Parameter("by", "who; it is logged"),
)
_ERROR = "#/components/schemas/Error"
_FORMAT = Parameter("format", "how the answer is written", one_of=("json", "text"))
_SCHEMAS: dict[str, _Json] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
    "duration": {"type": "string", "pattern": DURATION_PATTERN, "examples": ["10m"]},
}
_ERRORS = {
    "400": "A parameter is unknown, missing or not as expected.",
    "401": "The token is missing or wrong.",
    "403": "Not for this caller: a foreign name, another site, or a missing header.",
    "404": "There is nothing of this name.",
}


def openapi_endpoint(endpoints: Sequence[Endpoint]) -> Endpoint:
    """The endpoint that describes these, and itself."""

    async def show(_: web.Request) -> Answer:
        return Answer(description)

    own = Endpoint("GET", _PATH, "this API as OpenAPI 3.1", show)
    description = describe([*endpoints, own])
    return own


def describe(endpoints: Sequence[Endpoint]) -> _Json:
    """The OpenAPI document of these endpoints."""
    paths: dict[str, _Json] = {}
    for each in endpoints:
        path = _PLACE.sub(r"{\1}", each.path)
        paths.setdefault(path, {})[each.method.lower()] = _operation(each, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Admin API of the outbound sidecar",
            "version": __version__,
            "description": "Looks at what the sidecar keeps, and changes it. For people and "
            "tools on its own machine; with `admin.token` also for others.",
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`admin.token`, where one is configured.",
                }
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                }
            },
            "responses": {
                status: {"description": text, "content": _content({"$ref": _ERROR})}
                for status, text in _ERRORS.items()
            },
        },
    }


def _operation(endpoint: Endpoint, path: str) -> _Json:
    writes = endpoint.method not in ("GET", "HEAD")
    said = (*endpoint.parameters, *_ABOUT) if writes else endpoint.parameters
    placed = list(_placed(endpoint.path))
    statuses = ["400", "401", "403"] if writes or said else ["401", "403"]
    found: _Json = {
        "operationId": "_".join(
            [endpoint.method.lower(), *re.findall(r"[A-Za-z0-9]+", path.removeprefix("/admin"))]
        ),
        "summary": endpoint.text,
        "tags": [path.removeprefix("/admin").strip("/").partition("/")[0] or "admin"],
        "parameters": [*placed, *(_in_query(each) for each in (*said, _FORMAT))],
        "responses": {
            "2XX": {"description": endpoint.answer or endpoint.text, "content": _content({})},
            **{
                status: {"$ref": f"#/components/responses/{status}"}
                for status in [*statuses, *(["404"] if placed else [])]
            },
        },
    }
    if writes:
        found["parameters"].append(_own_header())
        found["requestBody"] = _body(said)
    return found


def _placed(path: str) -> Iterator[_Json]:
    """The parts of the path that the caller fills in."""
    for name, expression in _PLACE.findall(path):
        schema: _Json = {"type": "string"}
        if _WORDS.fullmatch(expression):
            schema["enum"] = expression.split("|")
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(parameter: Parameter) -> _Json:
    """What may be said in the query; a write may say it in its body instead, so none is needed."""
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.text + (" (needed)" if parameter.needed else ""),
        "schema": _schema(parameter),
    }


def _schema(parameter: Parameter) -> _Json:
    if parameter.one_of:
        return {"type": "string", "enum": list(parameter.one_of)}
    return _SCHEMAS[parameter.kind]


def _own_header() -> _Json:
    return {
        "name": OWN_HEADER,
        "in": "header",
        "required": True,
        "description": "Shows that no page of another site has sent it.",
        "schema": {"type": "string", "const": "1"},
    }


def _body(said: Sequence[Parameter]) -> _Json:
    """The same as a JSON object; what is in the query as well counts as the query says."""
    properties = {each.name: {**_schema(each), "description": each.text} for each in said}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"required": False, "content": {"application/json": {"schema": schema}}}


def _content(schema: _Json) -> _Json:
    return {"application/json": {"schema": schema}, "text/plain": {"schema": {"type": "string"}}}
