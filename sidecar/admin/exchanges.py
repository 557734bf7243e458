"""`/admin/exchanges`: the last exchanges that ended, with their attempts.

Decides which are meant. What is kept and what is shown of them is decided in `telemetry/recent.py`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic_core import PydanticCustomError

from sidecar.admin.endpoint import Answer, Endpoint, Parameter, Refused
from sidecar.admin.rendering import wants_text
from sidecar.config.values import duration
from sidecar.core.summary_failures import failure_class
from sidecar.core.summary_rows import seconds
from sidecar.suggestions import hint, nearest
from sidecar.telemetry.lines import timestamp
from sidecar.telemetry.recent import Recent, Wanted, shown
from sidecar.telemetry.record import Record

_PATH = "/admin/exchanges"
_PARAMETERS = (
    Parameter("after", "the number of the last one that was seen", "number"),
    Parameter("limit", "how many at the most", "number"),
    Parameter("upstream", "of one upstream"),
    Parameter("route", "of one route"),
    Parameter("status", "a status such as 404, a class such as 5xx, or error"),
    Parameter("slow", "that took so long at least", "duration"),
)
_KNOWN = tuple(each.name for each in _PARAMETERS)
_MOST = 1000
_USUAL = 200
_WHOLE = re.compile(r"[0-9]{1,16}")
_STATUS = re.compile(r"[1-5](?:xx|[0-9]{2})")


def exchange_endpoints(recent: Recent) -> Sequence[Endpoint]:
    """The endpoints."""

    async def show(request: web.Request) -> Answer:
        found = recent.find(_wanted(request.query))
        rows = [shown(number, record) for number, record in found.records]
        if wants_text(request):
            return Answer([_line(each) for each in rows])
        return Answer(
            {"last": found.last, "dropped": found.dropped, "since": recent.since, "exchanges": rows}
        )

    text = "the last exchanges; after, limit, upstream, route, status=5xx|404|error, slow=500ms"
    return (Endpoint("GET", _PATH, text, show, parameters=_PARAMETERS),)


def _wanted(query: Mapping[str, str]) -> Wanted:
    """Which exchanges are meant.

    Raises:
        Refused: 400.
    """
    for name in query:
        if name not in (*_KNOWN, "format"):
            more = hint(nearest(name[:60], _KNOWN)) or f" (known are {', '.join(_KNOWN)})"
            raise Refused(400, f"there is no such parameter{more}")
    return Wanted(
        after=_number(query, "after", 0),
        limit=max(1, min(_MOST, _number(query, "limit", _USUAL))),
        upstream=query.get("upstream", ""),
        route=query.get("route", ""),
        status=_status(query["status"]) if query.get("status") else None,
        slow=_slow(query.get("slow", "")),
    )


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, "")
    if not text:
        return usual
    if not _WHOLE.fullmatch(text):
        raise Refused(400, f"{name}: expected a whole number")
    return int(text)


def _status(text: str) -> Callable[[Record], bool]:
    if text == "error":
        return _has_failed
    if not _STATUS.fullmatch(text):
        raise Refused(400, "status: expected a status such as 404, a class such as 5xx, or error")
    if text.endswith("xx"):
        return lambda record: record.status // 100 == int(text[0])
    return lambda record: record.status == int(text)


def _has_failed(record: Record) -> bool:
    """As it is counted in the summary."""
    kind = failure_class(record.status, record.error, client_left=record.client_closed)
    return kind is not None


def _slow(text: str) -> float:
    try:
        return duration(text) if text else 0.0
    except PydanticCustomError as error:
        raise Refused(400, f"slow: {error}") from None


def _line(each: Mapping[str, Any]) -> dict[str, object]:
    """What of an exchange fits a line."""
    return {
        "seq": each["seq"],
        "time": timestamp(each["at"]),
        "upstream": each["upstream"],
        "route": each["route"],
        "method": each["method"],
        "status": each["status"],
        "error": each["error"],
        "source": each["source"],
        "attempts": each["attempts_made"],
        "took": seconds(each["duration"]),
        "target": each["target"],
    }
