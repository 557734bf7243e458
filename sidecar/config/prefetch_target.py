"""What may be written as the target of a call that is made ahead: text with places to fill in.

Knows the notation only; what is filled in, and how it is encoded, is decided in `core/prefetch.py`.
"""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.json_path import STEP

_PLACE = re.compile(r"\{([^{}]*)\}")
_TEXT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_JSON = re.compile(rf"\$(?:(?P<rows>{STEP}*)\[\*\])?(?P<path>{STEP}*)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_QUERY = re.compile(r"\?[A-Za-z0-9_.~-]{1,64}")


class Piece(NamedTuple):
    """A part of a target."""

    kind: Literal["text", "parameter", "query", "json"]
    text: str
    """Itself; a name of the route's path; a name in the query; a JSON path without its `$`."""
    rows: str | None = None
    """Of a JSON path: what is before `[*]`, also without `$`; None where there is no `[*]`."""


def pieces(target: str) -> tuple[Piece, ...]:
    """The parts of `/rest/v1/profiles?id=eq.{$.profile_id}`, in order.

    Raises:
        ValueError: it is no path with a query, or what is between braces is of no known form.
    """
    if not target.startswith("/") or target.startswith("//"):
        raise ValueError("the target of a prefetch is a path at the upstream: it begins with /")
    found: list[Piece] = []
    for index, text in enumerate(_PLACE.split(target)):
        if index % 2:
            found.append(_filled(text))
        elif not _TEXT.fullmatch(text):
            raise ValueError(
                "outside of {braces} a target holds what a URL may: no spaces, no #, no single "
                "brace, and other characters as %XX"
            )
        elif text:
            found.append(Piece("text", text))
    if len({piece.rows for piece in found if piece.rows is not None}) > 1:
        raise ValueError("all {$[*]…} of one target are fields of the rows of one list")
    path = target.partition("?")[0]
    if {".", ".."} & set(path.replace("%2e", ".").replace("%2E", ".").split("/")):
        raise ValueError("the path of a prefetch has no . or .. as a segment")
    return tuple(found)


def _filled(text: str) -> Piece:
    if _NAME.fullmatch(text):
        return Piece("parameter", text)
    if _QUERY.fullmatch(text):
        return Piece("query", text[1:])
    match = _JSON.fullmatch(text)
    if match is None or text == "$":
        raise ValueError(
            "a place to fill in is {$.field} or {$[*].field} of the JSON answer, {name} of the "
            "route's path or {?name} of the request's query"
        )
    return Piece("json", match["path"], match["rows"])


def prefetch_target(value: object) -> str:
    """The target as it is.

    Raises:
        PydanticCustomError: it cannot be understood; see `pieces`.
    """
    if not isinstance(value, str) or not value:
        raise _broken("expected a text such as /rest/v1/profiles?id=eq.{$.profile_id}")
    try:
        pieces(value)
    except ValueError as error:
        raise _broken(str(error)) from error
    return value


def _broken(message: str) -> PydanticCustomError:
    # A template of pydantic's would read the braces as a place to fill in.
    return PydanticCustomError("prefetch_target", "{message}", {"message": message})


PrefetchTarget = Annotated[
    str, BeforeValidator(prefetch_target), WithJsonSchema({"type": "string", "pattern": "^/"})
]
