"""`/admin/pools`, `/admin/limits`, `/admin/paces`: how the connections and the waits stand now.

Knows what says so by a Protocol only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

from sidecar.admin.endpoint import Answer, Endpoint, Parameter, unknown

_UPSTREAM = Parameter("upstream", "only this one")
_Row = Mapping[str, Any]


class Standing(Protocol):
    """How things stand. `parts.standing.Stand` is one."""

    def pools(self) -> Sequence[_Row]:
        """The connections, upstream by upstream; each row has its `upstream`."""
        ...

    def limits(self) -> Sequence[_Row]:
        """The calls in flight and the budget for repetitions, likewise."""
        ...

    def paces(self) -> Sequence[_Row]:
        """The rates, pace by pace, likewise."""
        ...

    def upstreams(self) -> Sequence[str]:
        """The names of all upstreams."""
        ...


def state_endpoints(standing: Standing) -> Sequence[Endpoint]:
    """The endpoints."""

    def chosen(request: web.Request, rows: Sequence[_Row]) -> Answer:
        name = request.query.get("upstream")
        if not name:
            return Answer(list(rows))
        known = list(standing.upstreams())
        if name not in known:
            raise unknown("upstream", name, known)
        return Answer([row for row in rows if row["upstream"] == name])

    async def pools(request: web.Request) -> Answer:
        return chosen(request, standing.pools())

    async def limits(request: web.Request) -> Answer:
        return chosen(request, standing.limits())

    async def paces(request: web.Request) -> Answer:
        return chosen(request, standing.paces())

    one = (_UPSTREAM,)
    return (
        Endpoint("GET", "/admin/pools", "connections; upstream", pools, parameters=one),
        Endpoint(
            "GET", "/admin/limits", "calls in flight, and those that wait; upstream", limits,
            parameters=one,
        ),
        Endpoint(
            "GET", "/admin/paces", "rates, and calls that wait for them; upstream", paces,
            parameters=one,
        ),
    )  # fmt: skip
