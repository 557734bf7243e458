"""The simulated Supabase project as one aiohttp application: a gateway before its services."""

import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from sidecar.demo.authority import prepare, record_seen, refuse_wrong_host
from sidecar.demo.supabase import auth, functions, realtime
from sidecar.demo.supabase.encoding import json_answer
from sidecar.demo.supabase.postgrest import handlers as rest
from sidecar.demo.supabase.project import PROJECT, make_project
from sidecar.demo.supabase.storage import handlers as storage
from sidecar.demo.supabase.target import Target, parse

MAX_BODY = 64 * 1024 * 1024
"""Bytes of the largest body that is read as a whole."""

Service = Callable[[web.Request, Target], Awaitable[web.StreamResponse]]


def make_app(*, now: Callable[[], float] = time.time) -> web.Application:
    """A fresh project.

    Args:
        now: its clock, in Unix seconds. The same requests at the same times get the same answers.
    """
    app = web.Application(middlewares=[record_seen, refuse_wrong_host], client_max_size=MAX_BODY)
    prepare(app)
    app[PROJECT] = make_project(now)
    # One route for all: the services read the raw target, which a router would decode first.
    app.router.add_route("*", r"/{any:[\s\S]*}", _gateway)
    return app


async def _gateway(request: web.Request) -> web.StreamResponse:
    target = parse(request.raw_path)
    if target.segments[1:2] != ("v1",) or target.segments[0] not in _SERVICES:
        return json_answer(request, {"message": "no Route matched with those values"}, status=404)
    return await _SERVICES[target.segments[0]](request, target)


_SERVICES: Mapping[str, Service] = {
    "rest": rest.handle,
    "auth": auth.handle,
    "storage": storage.handle,
    "functions": functions.handle,
    "realtime": realtime.handle,
}
