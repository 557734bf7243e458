"""`/admin/drills`: the catalogue of faults, the drills under way, beginning and ending them."""

from collections.abc import Collection, Mapping, Sequence

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from sidecar.admin.asked import Scalar, asked
from sidecar.admin.endpoint import FOR, Answer, Endpoint, Parameter, Refused, unknown
from sidecar.config.drills import Drill
from sidecar.core.drills import Order, TooManyDrills, as_dict
from sidecar.drilling import Drilling, order_of
from sidecar.faults import FAULTS

_PATH = "/admin/drills"
_PARAMETERS = (
    Parameter("fault", "its name", one_of=tuple(FAULTS), needed=True),
    Parameter("upstream", "where", needed=True),
    Parameter("route", "of which route; all of the upstream if not said"),
    Parameter("percent", "of the calls; all if not said", "number"),
    FOR,
    Parameter("delay", "how slow it makes what it slows down", "duration"),
    Parameter("jitter", "by how much that varies", "duration"),
)
_KNOWN = tuple(each.name for each in _PARAMETERS)
_ADAPTER = TypeAdapter(Drill)
_NOT_ALLOWED = "drills are not allowed here: set `drills: {allowed: true}` in the configuration"


def drill_endpoints(
    drilling: Drilling | None, routes: Mapping[str, Collection[str]]
) -> Sequence[Endpoint]:
    """The endpoints.

    Args:
        drilling: the drills; None where the configuration does not allow any.
        routes: the names of the routes of each upstream.
    """

    async def show(_: web.Request) -> Answer:
        active = drilling.snapshot() if drilling else []
        return Answer({"allowed": drilling is not None, "active": active, "faults": _catalogue()})

    async def start(request: web.Request) -> Answer:
        if drilling is None:
            raise Refused(403, _NOT_ALLOWED)
        order = _order(await asked(request, _KNOWN), routes)
        try:
            drill = drilling.start(order)
        except TooManyDrills as error:
            raise Refused(409, str(error)) from None
        return Answer(as_dict(drill, drilling.clock.now()), 201)

    async def stop(request: web.Request) -> Answer:
        if drilling is None:
            raise Refused(403, _NOT_ALLOWED)
        await asked(request)
        drill_id = request.match_info["id"]
        known = [str(each["id"]) for each in drilling.snapshot()]
        if drilling.stop(drill_id) is None:
            raise unknown("drill", drill_id, known)
        return Answer({"stopped": drill_id})

    return (
        Endpoint("GET", _PATH, "the faults, and the drills under way", show),
        Endpoint(
            "POST",
            _PATH,
            "begin one; fault, upstream, route, percent, for",
            start,
            parameters=_PARAMETERS,
            answer="the drill that has begun",
        ),
        Endpoint("DELETE", f"{_PATH}/{{id}}", "end one", stop, f"{_PATH}/ID"),
    )


def _order(given: dict[str, Scalar], routes: Mapping[str, Collection[str]]) -> Order:
    fields = {name: value for name, value in given.items() if name in _KNOWN}
    if "for" in fields:
        fields["lasts"] = fields.pop("for")
    if (fault := str(fields.get("fault", ""))) and fault not in FAULTS:
        raise unknown("fault", fault, list(FAULTS))
    try:
        drill = _ADAPTER.validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = str(first["loc"][0]).replace("lasts", "for")
        raise Refused(400, f"{name}: {first['msg']}") from None
    if drill.upstream not in routes:
        raise unknown("upstream", drill.upstream, list(routes))
    if drill.route not in (None, "*") and drill.route not in routes[drill.upstream]:
        raise unknown("route", drill.route, list(routes[drill.upstream]))
    return order_of(drill)


def _catalogue() -> list[dict[str, object]]:
    return [
        {
            "fault": fault.name,
            "upstream_called": fault.reaches_upstream,
            "delay": fault.delay,
            "does": fault.text,
            "source": fault.source,
        }
        for fault in FAULTS.values()
    ]
