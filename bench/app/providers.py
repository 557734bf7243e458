"""The providers of one contender, as a process: `python -m bench.app.providers OPTIONS`.

The same seed brings the same weather, stragglers and faults to every contender, by time and by
call. On SIGTERM it writes what it has counted.
"""

import argparse
import asyncio
import json
import signal
import ssl
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from aiohttp import web

from bench.app.clock import Clock
from bench.app.doorway import Doorway
from bench.app.rows import Rows
from bench.app.spec import Spec, spec
from sidecar.demo.bucket import Bucket
from sidecar.demo.faults import answer
from sidecar.demo.network import Fate, Network
from sidecar.demo.targets import PROVIDERS, Provider, needs_body, recognise
from sidecar.demo.weather import Chaos, Weather
from sidecar.demo.workload import Resource, UpstreamKind

CALL = "X-Bench-Call"
"""The number of the application's call. Who repeats it, or makes another for it, repeats this."""
LINES: dict[Provider, UpstreamKind] = {
    "supabase": "rest",
    "whatsapp": "wa",
    "whatsapp-media": "wa",
    "gemini": "gemini",
}
_NO_DATABASE = json.dumps(
    {
        "code": "PGRST002",
        "message": "Could not query the database for the schema cache. Retrying.",
        "details": None,
        "hint": None,
    }
).encode()
"""PostgREST's 503: the workload says that nothing was done, and so do these words."""
_IDLE_CLOSE_S = 60.0
_FOREVER = 86_400.0


class Providers:
    """All of them, behind one contender."""

    def __init__(self, known: Spec, network: Network, clock: Clock, seed: int, media: str) -> None:
        self._spec, self._network, self._clock, self._seed = known, network, clock, seed
        self.rows = Rows(known, media)
        self.requests: Counter[str] = Counter()
        """By resource, after the warm-up."""
        self.counts_from = 0.0
        self.busy: set[asyncio.BaseTransport] = set()
        """Connections with a request that is being answered."""
        self._attempts: Counter[str] = Counter()
        self._names = {id(one): name for name, one in known.workload.resources.items()}
        limits = ((up, line.rate_limit) for up, line in known.workload.upstreams.items())
        self._buckets = {up: Bucket(limit) for up, limit in limits if limit}

    def server(self, provider: Provider) -> web.Server:
        """What speaks HTTP for `provider`."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            transport = request.transport
            if transport is None:
                return web.Response()
            self.busy.add(transport)
            try:
                return await self._handle(provider, request)
            finally:
                self.busy.discard(transport)

        return web.Server(
            handle,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=_IDLE_CLOSE_S * self._clock.scale,
        )

    async def _handle(self, provider: Provider, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        resource = self._resource(provider, request, body)
        name = self._names[id(resource)]
        call = request.headers.get(CALL, f"unnamed-{sum(self._attempts.values())}")
        self._attempts[call] += 1
        fate = self._fate(resource, f"{self._seed}:{call}:{self._attempts[call]}")
        if self._clock.now() >= self.counts_from:
            self.requests[name] += 1
        await asyncio.sleep(fate.delay)
        done, status = b"", 200
        if fate.processed and (refusal := self.rows.refusal(name, body)) is not None:
            done, status = refusal, 409
        elif fate.processed:
            who = request.headers.get("Authorization", "")
            done = self.rows.act(name, call, request.path_qs, body, who)
        if fate.fault is None:
            return web.Response(status=status, body=done, content_type="application/json")
        return await self._fail(provider, request, fate)

    def _resource(self, provider: Provider, request: web.BaseRequest, body: bytes) -> Resource:
        path, keys = request.path, request.query.keys()
        peek = body if needs_body(provider, request.method, path) else b""
        return recognise(self._spec.workload, provider, request.method, path, keys=keys, body=peek)

    def _fate(self, resource: Resource, luck: str) -> Fate:
        bucket, now = self._buckets.get(resource.up), self._clock.now()
        # The way was paid for at the door, so no connection is a fresh one here.
        return self._network.draw(
            resource,
            Random(luck),
            now * self._clock.scale,
            fresh=False,
            over_rate=bucket is not None and not bucket.take(now),
        )

    async def _fail(
        self, provider: Provider, request: web.BaseRequest, fate: Fate
    ) -> web.StreamResponse:
        if fate.fault == "hang":
            await asyncio.sleep(_FOREVER)
        if fate.fault in ("reset", "refused") and request.transport is not None:
            Doorway.reset(request.transport)
            return web.Response()
        wait = self._spec.workload.faults.retry_after_s
        said = answer(provider, int(fate.fault or 500), wait)
        is_table = fate.fault == "503" and request.path.startswith("/rest/")
        body = _NO_DATABASE if is_table else said.body
        return web.Response(status=said.status, headers=said.headers, body=body)

    def counted(self) -> dict[str, object]:
        """What the report needs."""
        return {
            "requests": dict(self.requests),
            "duplicates": {name: n for name, n in self.rows.duplicates.items() if n},
        }


def network(known: Spec, *, seed: int, scale: float, chaos: bool) -> Network:
    """Trouble as the workload has it; without `chaos`, no episodes."""
    level = Chaos(1.0, 1.0) if chaos else Chaos(0.0, 0.0)
    return Network(known.workload, Weather(known.workload, seed, level), scale)


async def _serve(args: argparse.Namespace) -> dict[str, object]:
    """Serve until SIGTERM; what was counted."""
    known, clock = spec(), Clock(args.epoch, args.scale)
    network_ = network(known, seed=args.seed, scale=args.scale, chaos=not args.calm)
    ports: dict[Provider, int] = dict(zip(PROVIDERS, args.ports, strict=True))
    media = f"https://127.0.0.1:{ports['whatsapp-media']}"
    providers = Providers(known, network_, clock, args.seed, media)
    providers.counts_from = args.warm_up
    busy = providers.busy
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.certificate)
    context.set_alpn_protocols(["http/1.1"])
    doors = [
        (
            Doorway(LINES[name], providers.server(name), context, network_, clock, args.seed, busy),
            port,
        )
        for name, port in ports.items()
    ]
    tasks = [asyncio.create_task(door.listen(port)) for door, port in doors]
    tasks += [asyncio.create_task(door.flap()) for door, _ in doors]
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, lambda: [task.cancel() for task in tasks] and None
    )
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    return {**providers.counted(), "connections": sum(door.opened for door, _ in doors)}


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ports", type=int, nargs=len(PROVIDERS), required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--epoch", type=float, required=True)
    parser.add_argument("--scale", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--warm-up", type=float, required=True)
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    Path(args.out).write_text(json.dumps(asyncio.run(_serve(args))))


if __name__ == "__main__":
    main()
