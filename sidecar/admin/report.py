"""`/admin/report`: what the application would have seen without the sidecar.

Knows where the counts come from by a function only.
"""

from collections.abc import Callable, Sequence

from aiohttp import web

from sidecar.admin.endpoint import Answer, Endpoint
from sidecar.admin.rendering import wants_text
from sidecar.core.report import Totals, rows


def report_endpoints(totals: Callable[[], Totals], since: float) -> Sequence[Endpoint]:
    """The endpoints.

    Args:
        totals: what was counted until now.
        since: when that began, in Unix seconds.
    """

    async def report(request: web.Request) -> Answer:
        found = [row._asdict() for row in rows(totals())]
        return Answer(found if wants_text(request) else {"since": since, "rows": found})

    return (Endpoint("GET", "/admin/report", "what it would have been without", report),)
