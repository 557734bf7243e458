"""An admin listener on a port of its own, with real breakers and drills behind it."""

from collections.abc import Mapping
from typing import Any, Self

import aiohttp
from aiohttp import web

from sidecar.admin import (
    Answer,
    Endpoint,
    breaker_endpoints,
    drill_endpoints,
    make_admin_app,
)
from sidecar.clock import SystemClock
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.config.breaker import Breaker
from sidecar.core.breaker.registry import Breakers, BreakerSet
from sidecar.drilling import Drilling
from sidecar.side_listener import make_runner
from sidecar.telemetry.drill_stats import DrillStats

BREAKERS = "/admin/circuit-breakers"
WRITE = {"X-Sidecar-Admin": "1"}
ROUTES = {"gemini": ["default", "generate"], "api": ["default"]}


class Served:
    """What is behind the listener, and where it is."""

    def __init__(self, *, drills: bool = True, admin: Admin | None = None) -> None:
        clock = SystemClock()
        sets = {
            name: BreakerSet(name, Breaker(), lambda: 0.5, now=clock.now())
            for name in ("gemini", "api")
        }
        sets["gemini"].at("gemini/flash", clock.now())
        self.breakers = Breakers(sets)
        self.drilling = Drilling(clock, DrillStats()) if drills else None

        async def broken(_: web.Request) -> Answer:
            raise RuntimeError("secret detail")

        async def echo(_: web.Request) -> Answer:
            return Answer({"fine": True})

        app = make_admin_app(
            admin or Admin(),
            DEFAULT_ADMIN,
            [
                *breaker_endpoints(self.breakers, clock),
                *drill_endpoints(self.drilling, ROUTES),
                Endpoint("GET", "/admin/broken", "fails", broken),
                Endpoint("GET", "/admin/echo", "answers", echo),
            ],
        )
        self.runner = make_runner(app)

    async def __aenter__(self) -> Self:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.port = self.runner.addresses[0][1]
        self.http = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        if self.drilling:
            self.drilling.close()
        await self.runner.cleanup()

    async def call(
        self, method: str, path: str, *, headers: Mapping[str, str] = WRITE, **more: Any
    ) -> tuple[int, Any]:
        """What is answered: the status, and the JSON."""
        async with self.http.request(method, path, headers=headers, **more) as answer:
            return answer.status, await answer.json()
