"""A small load that behaves like the application of the workload, in two arms at once.

*direct* calls the providers, *sidecar* the sidecar. The base URLs are the only difference: both
open a new connection for each call, as the application does, and wait as long as it does.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from sidecar.demo.figures import ARMS, BROKEN, OK, TIMEOUT, UNANSWERED, Arm, Figures
from sidecar.demo.plan import Arrival, Call
from sidecar.demo.targets import Provider
from sidecar.demo.trouble import CALL_HEADER

ALL, REQUESTS = "All calls", "App requests"
LABELS: Mapping[Provider, str] = {
    "supabase": "Supabase",
    "whatsapp": "WhatsApp",
    "whatsapp-media": "WhatsApp",
    "gemini": "Gemini",
}
SUBJECTS = ("Supabase", "WhatsApp", "Gemini", ALL, REQUESTS)


@dataclass(frozen=True, slots=True)
class Access:
    """Where a provider is, for one arm, and what to show there."""

    base: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Load:
    """Calls the providers in both arms and counts what comes back.

    Args:
        access: where each arm finds each provider.
        figures: where every call is counted, under `SUBJECTS`.
        time_scale: factor on the application's own timeouts.
    """

    access: Mapping[Arm, Mapping[Provider, Access]]
    figures: Figures
    time_scale: float = 1.0

    async def run(self, plan: Iterable[Arrival], *, duration: float, patience: float) -> None:
        """Follow `plan` for `duration` seconds, then wait for what is under way.

        After `patience` more seconds, what still has no answer is counted as unanswered.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        tasks: set[asyncio.Task[None]] = set()
        direct, sidecar = (_session() for _ in ARMS)
        async with direct, sidecar:
            try:
                for arrival in plan:
                    if arrival.at > duration:
                        break
                    await asyncio.sleep(began + arrival.at - loop.time())
                    for arm, session in zip(ARMS, (direct, sidecar), strict=True):
                        task = asyncio.create_task(self._serve(arm, session, arrival))
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
                await asyncio.sleep(began + duration - loop.time())
                if tasks:
                    await asyncio.wait(tasks, timeout=patience)
            finally:
                await _cancel(tasks)

    async def _serve(self, arm: Arm, session: aiohttp.ClientSession, arrival: Arrival) -> None:
        if await self._request(arm, session, arrival.calls) == OK:
            await self._calls(arm, session, arrival.background)

    async def _request(
        self, arm: Arm, session: aiohttp.ClientSession, calls: Sequence[Call]
    ) -> str:
        loop = asyncio.get_running_loop()
        began, outcome = loop.time(), UNANSWERED
        try:
            outcome = await self._calls(arm, session, calls)
        finally:
            self.figures.add((REQUESTS,), arm, seconds=loop.time() - began, outcome=outcome)
        return outcome

    async def _calls(self, arm: Arm, session: aiohttp.ClientSession, calls: Sequence[Call]) -> str:
        """One after the other; the first that fails is the last."""
        for call in calls:
            outcome = await self._call(arm, session, call)
            if outcome != OK:
                return outcome
        return OK

    async def _call(self, arm: Arm, session: aiohttp.ClientSession, call: Call) -> str:
        loop = asyncio.get_running_loop()
        began, outcome = loop.time(), UNANSWERED
        try:
            outcome = await self._exchange(arm, session, call)
        except TimeoutError:
            outcome = TIMEOUT
        except aiohttp.ClientError:
            outcome = BROKEN
        finally:
            subjects = (LABELS[call.provider], ALL)
            self.figures.add(subjects, arm, seconds=loop.time() - began, outcome=outcome)
        return outcome

    async def _exchange(self, arm: Arm, session: aiohttp.ClientSession, call: Call) -> str:
        access = self.access[arm][call.provider]
        headers = {**access.headers, CALL_HEADER: f"{arm}:{call.number}"}
        if call.body:
            headers["Content-Type"] = "application/json"
        async with session.request(
            call.method,
            access.base + call.target,
            data=call.body or None,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=call.timeout * self.time_scale),
        ) as response:
            await response.read()
            if response.status < 400:
                return OK
            return response.headers.get("X-Sidecar-Error", str(response.status))


def _session() -> aiohttp.ClientSession:
    """A client without a pool, as the application of the workload has it."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0))


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    pending = set(tasks)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
