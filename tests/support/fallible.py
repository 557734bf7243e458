"""An upstream that goes down and comes back, and steady traffic through the sidecar.

Times are the event loop's.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sidecar.config import Address
from tests.support.ports import free_port
from tests.support.raw import ask
from tests.support.steps import OK, body, reply, stall
from tests.support.upstream import Script, Upstream
from tests.support.wire import WireRequest

Mode = Literal["refuses", "503", "hangs"]

DOWN: dict[Mode, Script] = {
    "refuses": (),
    "503": reply(b"down", status=b"503 Service Unavailable"),
    "hangs": (body, stall),
}


def now() -> float:
    """Seconds on the event loop's clock."""
    return asyncio.get_running_loop().time()


class Fallible:
    """An upstream on one port that can go down and come back."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.arrivals: list[float] = []
        """When each request arrived."""
        self.went_down = self.came_back = float("inf")
        self._down = False
        self._upstream = Upstream(choose=self._choose, port=free_port())

    @property
    def url(self) -> str:
        """Its origin."""
        return self._upstream.url

    def _choose(self, _request: WireRequest) -> Script:
        self.arrivals.append(now())
        return DOWN[self.mode] if self._down else OK

    async def start(self) -> None:
        """Begin to listen."""
        await self._upstream.__aenter__()

    async def stop(self) -> None:
        """End all connections and listen no longer."""
        await self._upstream.__aexit__(None, None, None)

    async def go_down(self) -> None:
        """From now on nothing is answered well."""
        self._down, self.went_down = True, now()
        if self.mode == "refuses":
            await self.stop()

    async def come_back(self) -> None:
        """From now on everything is."""
        if self.mode == "refuses":
            await self.start()
        self._down, self.came_back = False, now()

    def arrived_while_down(self) -> list[float]:
        """Seconds into the outage at which requests arrived."""
        times = (at for at in self.arrivals if self.went_down <= at < self.came_back)
        return [at - self.went_down for at in times]


@asynccontextmanager
async def fallible(mode: Mode) -> AsyncIterator[Fallible]:
    """An upstream that is up."""
    upstream = Fallible(mode)
    await upstream.start()
    try:
        yield upstream
    finally:
        await upstream.stop()


class Asked(NamedTuple):
    """One call, as the application saw it."""

    began: float
    took: float
    status: int
    error: str | None


@dataclass(slots=True)
class Traffic:
    """Calls at a steady rate, each on its own connection, whatever becomes of those before."""

    address: Address
    data: bytes
    rate: float
    calls: list[Asked] = field(default_factory=list)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def flow(self, seconds: float) -> None:
        """Begin calls for so long; they may end later."""
        begin = now()
        for number in range(round(seconds * self.rate)):
            await asyncio.sleep(max(0.0, begin + number / self.rate - now()))
            task = asyncio.ensure_future(self._ask())
            self._tasks.add(task)
        await asyncio.sleep(max(0.0, begin + seconds - now()))

    async def end(self) -> None:
        """Wait for the calls that are under way."""
        await asyncio.gather(*self._tasks)

    async def _ask(self) -> None:
        began = now()
        answer = await ask(self.address, self.data)
        self.calls.append(Asked(began, now() - began, answer.status, answer.error))
