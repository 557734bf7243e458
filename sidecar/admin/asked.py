"""What a write asks for: the query and a JSON object of scalars, together, and nothing unknown.

Bounded in size and in time; values are checked as those of the configuration are.
"""

import asyncio
import json
from collections.abc import Collection

from aiohttp import web
from pydantic_core import PydanticCustomError

from sidecar.admin.audit import AUDIT
from sidecar.admin.endpoint import Refused
from sidecar.config.drills import lasting
from sidecar.suggestions import hint, nearest

MOST_BYTES = 16 * 1024
"""Of a body."""

USUAL = 600.0
"""Seconds that something forced by hand lasts where nobody says otherwise."""

_PATIENCE = 5.0
_MOST_TEXT = 200
_ABOUT = ("reason", "by")
_FORMAT = "format"
"""How the answer is to be written."""

Scalar = str | int | float | bool


async def asked(request: web.Request, known: Collection[str] = ()) -> dict[str, Scalar]:
    """The parameters; the query wins. `reason` and `by` may always be given: they are audited.

    Args:
        request: a write.
        known: the names that it may have beside those.

    Raises:
        Refused: 400 for what is unknown, twice there, or no scalar; 408 for a body that stalls.
    """
    given: dict[str, Scalar] = {**await _in_body(request)}
    for name, value in request.query.items():
        if name == _FORMAT:
            continue
        if len(request.query.getall(name)) > 1:
            raise Refused(400, f"{_shown(name)} is there twice")
        given[name] = value
    allowed = (*known, *_ABOUT)
    for name in given:
        if name not in allowed:
            more = hint(nearest(name[:60], allowed)) or f" (known are {', '.join(allowed)})"
            raise Refused(400, f"there is no parameter {_shown(name)}{more}")
    request[AUDIT].update({name: value for name, value in given.items() if value != ""})
    return given


def lasts(given: dict[str, Scalar]) -> float:
    """Seconds of `for`: 10 minutes where it is not given, a day at the most.

    Raises:
        Refused: 400, it is no duration, or a longer one.
    """
    try:
        seconds = lasting(given["for"]) if "for" in given else USUAL
    except PydanticCustomError as error:
        raise Refused(400, f"for: {error}") from None
    return seconds


def reason(given: dict[str, Scalar]) -> str:
    """Why; "" where nobody says."""
    return str(given.get("reason", ""))[:_MOST_TEXT]


async def _in_body(request: web.Request) -> dict[str, Scalar]:
    try:
        async with asyncio.timeout(_PATIENCE):
            data = await request.read()
    except TimeoutError:
        raise Refused(408, "the body stopped arriving") from None
    try:
        value = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(value, dict) or not all(isinstance(each, Scalar) for each in value.values()):
        raise Refused(400, "the body is not a JSON object of plain values")
    return value


def _shown(name: str) -> str:
    return json.dumps(name[:60])
