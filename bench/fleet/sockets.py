"""The simulated provider behind a socket, and the applications of a fleet as one client."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import aiohttp
from aiohttp import web

from bench.fleet.plan import CAPACITY, TROUBLES
from bench.fleet.provider import Provider, Trouble
from bench.fleet.simulation import FIRST_BYTE, TOTAL
from sidecar.clock import SystemClock

_NEVER = 1e9


class Served:
    """The simulated provider behind a socket; time begins with each run."""

    def __init__(self) -> None:
        self._began = 0.0
        self.model = self.begin(TROUBLES[0], at=_NEVER)

    def begin(self, trouble: Trouble, *, at: float = _NEVER) -> Provider:
        """Be as new; the trouble begins `at` seconds from now, or not at all."""
        self._began = SystemClock.now()
        self.model = Provider(
            capacity=CAPACITY,
            limit=None,
            first_byte=FIRST_BYTE,
            trouble=replace(trouble, at=at),
            clock=SystemClock(),
            dice=Random(20),
        )
        return self.model

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as the simulated one does, after as long."""
        now = SystemClock.now() - self._began
        self.model.sent[int(now)] += 1
        status, seconds = self.model.answer(now)
        await asyncio.sleep(seconds)
        return web.Response(status=status, text="[]", content_type="application/json")


class Applications:
    """Calls of all applications together, at random instants, each by one of the sidecars."""

    def __init__(self, client: aiohttp.ClientSession, ports: list[int]) -> None:
        self._client = client
        self._ports = ports
        self._dice = Random(21)
        self.offered: Counter[int] = Counter()
        self.good: Counter[int] = Counter()

    async def run(self, seconds: float, rate: float, target: Callable[[Random], str]) -> None:
        """Call for so long, and wait for the answers."""
        self.offered, self.good = Counter(), Counter()
        loop, calls = asyncio.get_running_loop(), set()
        began, due = loop.time(), 0.0
        while (due := due + self._dice.expovariate(rate)) < seconds:
            await asyncio.sleep(max(0.0, began + due - loop.time()))
            method, _, path = target(self._dice).partition(" ")
            calls.add(asyncio.create_task(self._call(method, path, int(due))))
        await asyncio.gather(*calls)

    async def _call(self, method: str, path: str, second: int) -> None:
        self.offered[second] += 1
        url = f"http://127.0.0.1:{self._dice.choice(self._ports)}/api{path}"
        timeout = aiohttp.ClientTimeout(total=TOTAL + 1)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._client.request(method, url, timeout=timeout) as answer:
                await answer.read()
                self.good[second] += answer.status == 200
