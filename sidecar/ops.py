"""The read-only listener for probes, Prometheus and people: `/metrics` and `/health`.

Knows a snapshot of the sidecar and its metrics; it can change nothing. The state of an upstream
never makes the sidecar itself unready.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from aiohttp import web

from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pool_stats import PoolStats

State = Literal["starting", "ready", "draining"]
_Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class UpstreamStatus:
    """One upstream, for people."""

    url: str
    """Scheme, host and base path; the configuration allows no credentials in it."""
    inflight: int
    """Exchanges under way."""
    pool: PoolStats
    breakers: Mapping[str, str] = field(default_factory=dict)
    """How each of its breakers stands, by key."""


@dataclass(frozen=True, slots=True)
class Status:
    """The sidecar now. Live means that this can be asked; ready, that `state` is `ready`."""

    version: str
    state: State
    """`ready`: the configuration is loaded, the listeners are bound, and it is not draining."""
    uptime: float
    """Seconds since the start."""
    listeners: tuple[str, ...] = ()
    upstreams: Mapping[str, UpstreamStatus] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    """`up` or `down`, by name."""


def make_ops_app(status: Callable[[], Status], metrics: Metrics) -> web.Application:
    """The application of the ops listener. `status` is called for every request to `/health`."""
    scraping = asyncio.Semaphore(1)  # threads are shared with name look-ups: take one at most

    async def health(_: web.Request) -> web.Response:
        return _json(200, asdict(status()))

    async def live(_: web.Request) -> web.Response:
        return _json(200, {"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        state = status().state
        return _json(200 if state == "ready" else 503, {"status": state})

    async def scrape(request: web.Request) -> web.Response:
        accept = ",".join(request.headers.getall("Accept", []))
        async with scraping:
            body, content_type = await asyncio.to_thread(metrics.render, accept)
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application(middlewares=[_errors_as_json])
    app.router.add_get("/health", health)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics", scrape)
    app.on_response_prepare.append(_plain_headers)
    return app


@web.middleware
async def _errors_as_json(request: web.Request, handler: _Handle) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        allow = error.headers.get("Allow")
        answer = _json(error.status, {"error": error.reason.lower()})
        if allow:
            answer.headers["Allow"] = allow
        return answer


async def _plain_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Server"] = "sidecar"


def _json(status: int, value: Mapping[str, object]) -> web.Response:
    body = json.dumps(value, indent=2) + "\n"
    return web.Response(status=status, text=body, content_type="application/json")
