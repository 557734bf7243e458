"""The application, as a process: `python -m bench.app.application OPTIONS`.

The code is the same for every contender, and does nothing for its own good: one call after the
other, each on a new connection, no repetition, no cache. Only the base URLs differ.
"""

import argparse
import asyncio
import json
import ssl
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
from yarl import URL

from bench.app.calls import Call, background, steps
from bench.app.clock import Clock
from bench.app.providers import CALL
from bench.app.schedule import Request, schedule
from bench.app.spec import Spec, spec
from bench.app.witness import Witness
from sidecar.demo.load import linked, send_once
from sidecar.demo.targets import PROVIDERS, Provider

OK = "ok"
_PATIENCE = 75.0
"""Seconds of the workload that the last requests may take: the longest timeout and a little."""


class Application:
    """Serves requests by calling the providers.

    Args:
        known: the workload.
        bases: where each provider is.
        clock: the workload's time.
        session: without a pool.
    """

    def __init__(
        self,
        known: Spec,
        bases: Mapping[Provider, str],
        clock: Clock,
        session: aiohttp.ClientSession,
    ) -> None:
        self._spec, self._bases, self._clock, self._session = known, bases, clock, session
        self.witness = Witness()
        self.rows: list[tuple[str, float, float, str]] = []
        """Endpoint, when, how many milliseconds, outcome: all times are the workload's."""
        self.calls: list[tuple[str, str, float, str]] = []
        """Endpoint, resource, milliseconds, outcome of each call."""
        self.replies: Counter[str] = Counter()
        """Outcomes of the bot's replies."""

    async def serve(self, request: Request) -> None:
        """Answer, then do what is left."""
        began = self._clock.now()
        await self._clock.sleep(request.overhead)
        outcome = await self._all(request, steps(self._spec, request))
        took = (self._clock.now() - began) * 1000
        self.rows.append((request.endpoint.name, request.at, took, outcome))
        later = background(self._spec, request)
        if outcome == OK and later:
            self.replies[await self._all(request, later)] += 1

    async def _all(self, request: Request, calls: Sequence[Call]) -> str:
        body = b""
        for call in calls:
            began = self._clock.now()
            outcome, body = await self._call(call, body)
            took = (self._clock.now() - began) * 1000
            self.calls.append((request.endpoint.name, call.resource, took, outcome))
            if outcome != OK:
                return f"{call.resource} {outcome}"
        return OK

    async def _call(self, call: Call, before: bytes) -> tuple[str, bytes]:
        base = self._bases[call.provider]
        target = (
            linked(before, base) if call.provider == "whatsapp-media" else None
        ) or call.target
        seen = self.witness.before(call)
        try:
            async with self._session.request(
                call.method,
                URL(base + target, encoded=True),
                data=call.body or None,
                headers={**call.headers, CALL: str(call.number)},
                timeout=aiohttp.ClientTimeout(total=call.timeout * self._clock.scale),
            ) as response:
                body = await response.read()
        except TimeoutError:
            return "timeout", b""
        except aiohttp.ClientError as error:
            return type(error).__name__, b""
        if response.status >= 400:
            return response.headers.get("X-Sidecar-Error", str(response.status)), body
        self.witness.after(call, seen, body, degraded="X-Sidecar-Degraded" in response.headers)
        return OK, body


async def _run(args: argparse.Namespace) -> dict[str, object]:
    known, clock = spec(), Clock(args.epoch, args.scale)
    context = ssl.create_default_context(cafile=args.ca)
    connector = aiohttp.TCPConnector(force_close=True, limit=0, ssl=context)
    bases: dict[Provider, str] = dict(zip(PROVIDERS, args.bases, strict=True))
    tasks: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(connector=connector, middlewares=(send_once,)) as session:
        application = Application(known, bases, clock, session)
        for request in schedule(known, seed=args.seed, duration=args.duration):
            await clock.until(request.at)
            task = asyncio.create_task(application.serve(request))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE * clock.scale)
    return {
        "rows": application.rows,
        "calls": application.calls,
        "replies": dict(application.replies),
        "unanswered": len(tasks),
        **application.witness.counted(),
    }


def main() -> None:
    """Follow the schedule, then write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", nargs=len(PROVIDERS), required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--epoch", type=float, required=True)
    parser.add_argument("--scale", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--duration", type=float, required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    Path(args.out).write_text(json.dumps(asyncio.run(_run(args))))


if __name__ == "__main__":
    main()
