"""`/admin/summary`: how each upstream does, over the last minutes and now.

Knows what makes it by a Protocol only.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import web

from sidecar.admin.endpoint import Answer, Endpoint, Parameter, Refused
from sidecar.admin.rendering import wants_text
from sidecar.core.summary_rows import COLUMNS, cells, ordered
from sidecar.core.summary_windows import WINDOWS
from sidecar.suggestions import hint, nearest

_PATH = "/admin/summary"
_USUAL = "1m"
_WINDOW = Parameter("window", f"of how long; {_USUAL} if not said", one_of=tuple(WINDOWS))


class Summaries(Protocol):
    """Makes summaries. `parts.overview.Overview` does."""

    async def summary(self, window: str) -> dict[str, Any]:
        """The figures of one of WINDOWS, and how things stand."""
        ...


def summary_endpoints(overview: Summaries) -> Sequence[Endpoint]:
    """The endpoints."""

    async def show(request: web.Request) -> Answer:
        window = request.query.get("window", _USUAL)
        if window not in WINDOWS:
            more = hint(nearest(window[:20], WINDOWS)) or f" (known are {', '.join(WINDOWS)})"
            raise Refused(400, f"window: there is no such window{more}")
        summary = await overview.summary(window)
        return Answer(_rows(summary) if wants_text(request) else summary)

    text = "figures of each upstream; window=1m, 5m or 15m"
    return (Endpoint("GET", _PATH, text, show, parameters=(_WINDOW,)),)


def _rows(summary: dict[str, Any]) -> list[dict[str, str]]:
    """The main figures as a table: all of them are too many for text."""
    named = [cells(each) for each in ordered(summary["upstreams"])]
    total = [cells(summary["total"])] if len(named) > 1 else []
    return [{COLUMNS[name]: each for name, each in row.items()} for row in (*named, *total)]
