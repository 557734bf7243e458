"""`/admin/circuit-breakers`: how they stand, and forcing them by hand for a while.

Knows breakers by a Protocol only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

from sidecar.admin.asked import asked, lasts, reason
from sidecar.admin.endpoint import FOR, Answer, Endpoint, Refused, unknown
from sidecar.clock import Clock
from sidecar.core.breaker.values import Forced

_PATH = "/admin/circuit-breakers"
_NAMED = 5
"""How many breakers are named where one must be chosen."""

_STATES: Mapping[str, Forced] = {"open": "open", "close": "closed", "observe": "observe"}


class BreakerControl(Protocol):
    """The breakers of a sidecar, for people. `core.breaker.registry.Breakers` is one."""

    def snapshots(self, now: float, upstream: str | None = None) -> list[dict[str, Any]]:
        """All of them, as plain dicts; each has its `name`, `upstream/key`."""
        ...

    def force(self, name: str, to: Forced, seconds: float, reason: str, now: float) -> None:
        """Keep it in a state for so long, whatever it counts."""
        ...

    def reset(self, name: str, now: float) -> None:
        """Make it as new: closed, nothing counted, nothing forced."""
        ...


def breaker_endpoints(breakers: BreakerControl, clock: Clock) -> Sequence[Endpoint]:
    """The endpoints. The name of an upstream alone is its breaker of that key, or its only one."""

    def one(name: str) -> dict[str, Any]:
        known = {str(each["name"]): each for each in breakers.snapshots(clock.now())}
        found = known.get(name) or known.get(f"{name}/{name}")
        if found is not None:
            return found
        own = [each for full, each in known.items() if full.partition("/")[0] == name]
        if len(own) == 1:
            return own[0]
        if own:
            some = ", ".join(str(each["name"]) for each in own[:_NAMED])
            raise Refused(404, f"{name} has {len(own)} breakers: {some}")
        upstreams = {full.partition("/")[0] for full in known}
        raise unknown("breaker", name, [*sorted(upstreams), *known])

    async def everything(_: web.Request) -> Answer:
        return Answer(breakers.snapshots(clock.now()))

    async def show(request: web.Request) -> Answer:
        return Answer(one(request.match_info["name"]))

    async def force(request: web.Request) -> Answer:
        given = await asked(request, ("for",))
        name, state = _named(one, request), _STATES[request.match_info["action"]]
        breakers.force(name, state, lasts(given), reason(given), clock.now())
        return Answer(one(name))

    async def reset(request: web.Request) -> Answer:
        await asked(request)
        name = _named(one, request)
        breakers.reset(name, clock.now())
        return Answer(one(name))

    name, shown = f"{_PATH}/{{name:.+}}", f"{_PATH}/NAME"
    forcing = f"{name}/{{action:open|close|observe}}"
    return (
        Endpoint("GET", _PATH, "all circuit breakers", everything),
        Endpoint("GET", name, "one of them", show, shown),
        Endpoint(
            "POST",
            forcing,
            "force it; for=10m, reason=…",
            force,
            f"{shown}/open|close|observe",
            (FOR,),
            "how it stands now",
        ),
        Endpoint("POST", f"{name}/reset", "make it as new: closed", reset, f"{shown}/reset"),
    )


def _named(one: Callable[[str], dict[str, Any]], request: web.Request) -> str:
    """The whole name of the breaker that the path names."""
    return str(one(request.match_info["name"])["name"])
