"""`sidecar explain`: what would happen to a request, and why; asks nobody."""

import argparse
import json
import re
import sys
from dataclasses import dataclass

from sidecar.commands import options
from sidecar.commands.loading import PROBLEM, loaded
from sidecar.commands.routes import methods
from sidecar.commands.settings import Setting, compact, settings_of
from sidecar.commands.terminal import columns
from sidecar.config import Config
from sidecar.core import delivery_schedule
from sidecar.core.routing import Routed, RouteEntry, RouteTable
from sidecar.errors import DownstreamError
from sidecar.telemetry import redact

_URL = re.compile(r"(?:https?|wss?)://(?P<host>[^/?#]*)(?P<target>[^#]*)(?:#.*)?")
_CREDENTIAL = re.compile(
    r"([?&][^=&]*(?:key|token|secret|password|signature|sig|upload_id)=)[^&]*", re.IGNORECASE
)
_METHOD = re.compile(r"[A-Za-z]+")
_WIDTH = 80
_MOST_VALUE = 28
"""Characters of a value in a table; `--json` has all of it."""
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request comes in: what the listener would see of it."""

    method: str
    target: str
    host: str = ""
    bound: str | None = None
    by: str = "prefix"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One route of the upstream, and why it is used or not."""

    route: RouteEntry
    chosen: bool
    reason: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("method", nargs="?", default="GET", help="default: GET")
    parser.add_argument("url", metavar="URL", help="as the application calls it, or its path")
    options.config(parser)
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """0 when the request has a route, 1 when it has none, 2 for wrong usage."""
    if not _METHOD.fullmatch(args.method):
        print("sidecar explain: METHOD comes before URL", file=sys.stderr)
        return 2
    if args.url.upper() in _METHODS:
        after = f"after {args.url}, such as /supabase/rest/v1/users"
        print(f"sidecar explain: the URL is missing {after}", file=sys.stderr)
        return 2
    found = loaded(args)
    if isinstance(found, int):
        return found
    arrival = arrive(args.method.upper(), args.url, found.config)
    table = RouteTable.from_config(found.config)
    try:
        routed = table.resolve(arrival.method, arrival.target, arrival.host, arrival.bound)
    except DownstreamError as error:
        if args.json:
            print(json.dumps({"error": error.code, "message": error.message}, indent=2))
        else:
            print(f"{error.status} {error.code}: {error.message}")
        return PROBLEM
    settings = settings_of(routed.route, found)
    candidates = _candidates(routed, arrival.method, table)
    if args.json:
        print(json.dumps(_as_json(arrival, routed, settings, candidates, found.config), indent=2))
    else:
        print(_as_text(arrival, routed, settings, candidates, found.config))
    return 0


def arrive(method: str, url: str, config: Config) -> Arrival:
    """What the listener would see. A URL at an upstream's own port or host selects it."""
    found = _URL.fullmatch(url)
    if found is None:
        return Arrival(method, url.partition("#")[0])  # clients keep the fragment
    target = found["target"] if found["target"].startswith("/") else "/" + found["target"]
    port = found["host"].rpartition(":")[2]
    for name, upstream in config.upstreams.items():
        if port.isdecimal() and int(port) in (upstream.port, upstream.tls_port):
            return Arrival(method, target, bound=name, by=f"port {port}")
    name_only = found["host"].rpartition(":")[0] if port.isdecimal() else found["host"]
    selects = any(name_only.lower() in upstream.hosts for upstream in config.upstreams.values())
    return Arrival(method, target, host=found["host"], by="host" if selects else "prefix")


def _candidates(routed: Routed, method: str, table: RouteTable) -> list[Candidate]:
    path = routed.target.partition("?")[0]
    found = []
    for route in table.routes[routed.route.upstream]:
        chosen = route is routed.route
        if chosen:
            reason = "matches"
        elif not route.matches(method, path):
            right_method = not route.methods or method in route.methods
            reason = "path differs" if right_method else f"not for {method}"
        else:
            reason = "matches too, but later"
        found.append(Candidate(route, chosen, reason))
    return found


def _final(routed: Routed, config: Config) -> str:
    """The URL at the upstream; credentials in its query, and tokens in its path, are hidden."""
    url = config.upstreams[routed.route.upstream].url.rstrip("/")
    path, mark, query = _CREDENTIAL.sub(r"\1*", routed.target).partition("?")
    shown = (redact.HIDDEN if redact.is_secret(part) else part for part in path.split("/"))
    return url + "/".join(shown) + mark + query


def _as_text(
    arrival: Arrival,
    routed: Routed,
    settings: list[Setting],
    candidates: list[Candidate],
    config: Config,
) -> str:
    top = [
        ("upstream", f"{routed.route.upstream} (by {arrival.by})"),
        ("route", routed.route.name),
        ("sent to", f"{arrival.method} {_final(routed, config)}"),
    ]
    if routed.route.config.queue.is_on:
        top.append(("delivered", delivery_schedule.as_text(routed.route.config.queue)))
    shown = compact(settings)
    values = [(each.name, _cut(each.value, _MOST_VALUE), each.origin) for each in shown]
    more = f"  and {len(settings) - len(shown)} more; --json shows all"
    routes = [
        (">" if each.chosen else " ", each.route.name, each.reason, methods(each.route),
         each.route.config.match.path)
        for each in candidates
    ]  # fmt: skip
    tables = ["settings", *_fitted(columns(values, "  ")), more, "", "routes"]
    return "\n".join([columns(top), "", *tables, *_fitted(columns(routes))])


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _fitted(table: str) -> list[str]:
    return [_cut(line, _WIDTH) for line in table.splitlines()]


def _as_json(
    arrival: Arrival,
    routed: Routed,
    settings: list[Setting],
    candidates: list[Candidate],
    config: Config,
) -> dict[str, object]:
    return {
        "method": arrival.method,
        "upstream": routed.route.upstream,
        "by": arrival.by,
        "route": routed.route.name,
        "url": _final(routed, config),
        "deliveries": [
            {"attempt": rung.attempt, "after": rung.after}
            for rung in delivery_schedule.ladder(routed.route.config.queue)
            if routed.route.config.queue.is_on
        ],
        "settings": {each.name: [each.value, each.origin] for each in settings},
        "routes": [
            {"name": each.route.name, "chosen": each.chosen, "reason": each.reason}
            for each in candidates
        ],
    }
