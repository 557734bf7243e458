"""Puts the simulated network around a simulator's app: delays, broken connections, errors.

One aiohttp middleware. It asks `network` what becomes of each exchange and makes it so; it knows
nothing of what the app answers.
"""

import asyncio
import time
from collections import Counter
from random import Random
from weakref import WeakSet

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sidecar.demo.bucket import Bucket
from sidecar.demo.faults import answer
from sidecar.demo.network import Fate, Network
from sidecar.demo.targets import Provider, needs_body, recognise
from sidecar.demo.workload import Resource
from sidecar.switched import reset

CALL_HEADER = "X-Demo-Call"
"""`<arm>:<number>`. The same number has the same luck in both arms; requests without the header
have luck of their own."""

FOREVER = 3600.0


class Trouble:
    """The network in front of one simulator, and who opened how many connections through it.

    Args:
        network: what decides.
        provider: the simulator behind.
        seed: with the call's number, the source of its luck.
    """

    def __init__(self, network: Network, provider: Provider, *, seed: int) -> None:
        self.opened: Counter[str] = Counter()
        """New connections by arm; "" counts requests without the header."""
        self.faults = True
        """Whether faults happen; delays always do."""
        self._network = network
        self._provider = provider
        self._seed = seed
        self._began = time.monotonic()
        self._known: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._buckets: dict[str, Bucket] = {}
        self._unnamed = 0

    def middleware(self) -> Middleware:
        """To be the outermost of the app."""

        @web.middleware
        async def trouble(request: web.Request, handler: Handler) -> web.StreamResponse:
            fate = await self._fate(request)
            await asyncio.sleep(fate.delay)
            if fate.fault is None or not self.faults:
                return await handler(request)
            return await self._inflict(fate, request, handler)

        return trouble

    async def _fate(self, request: web.Request) -> Fate:
        arm, _, number = request.headers.get(CALL_HEADER, "").partition(":")
        fresh = self._is_fresh(request)
        self.opened[arm] += fresh
        if not number:
            self._unnamed += 1
            number = f"unnamed-{self._unnamed}"
        rng = Random(f"{self._seed}:{number}")
        resource = await self._resource(request)
        elapsed = time.monotonic() - self._began
        over_rate = not self._within_rate(resource, arm, elapsed)
        return self._network.draw(resource, rng, elapsed, fresh=fresh, over_rate=over_rate)

    def _is_fresh(self, request: web.Request) -> bool:
        transport = request.transport
        if transport is None or transport in self._known:
            return False
        self._known.add(transport)
        return True

    async def _resource(self, request: web.Request) -> Resource:
        peek = needs_body(self._provider, request.method, request.path)
        body = await request.read() if peek else b""
        return recognise(
            self._network.workload,
            self._provider,
            request.method,
            request.path,
            keys=request.query.keys(),
            body=body,
        )

    def _within_rate(self, resource: Resource, arm: str, elapsed: float) -> bool:
        """Each arm is an application of its own, with a quota of its own."""
        limit = self._network.workload.upstreams[resource.up].rate_limit
        if limit is None:
            return True
        bucket = self._buckets.setdefault(arm, Bucket(limit))
        return bucket.take(elapsed / self._network.time_scale)

    async def _inflict(
        self, fate: Fate, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        done = await handler(request) if fate.processed else None
        if fate.fault in {"refused", "reset"}:
            if request.transport is not None:
                reset(request.transport)  # as a network that fails does
        elif fate.fault == "hang":
            await asyncio.sleep(FOREVER)
        elif done is None or not done.prepared:
            await request.release()
            retry_after = self._network.workload.faults.retry_after_s
            error = answer(self._provider, int(fate.fault or 500), retry_after)
            return web.Response(status=error.status, headers=error.headers, body=error.body)
        return done or web.Response()
