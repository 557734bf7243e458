"""A small load that behaves like the application of the workload, in two arms at once.

*direct* calls the providers, *sidecar* the sidecar. The base URLs are the only difference: both
open a new connection for each call, as the application does, and wait as long as it does.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from yarl import URL

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
    _over: bool = False

    async def run(self, plan: Iterable[Arrival], *, duration: float, patience: float) -> None:
        """Follow `plan` for `duration` seconds, then wait for what is under way.

        After `patience` more seconds, what still has no answer is counted as unanswered. If this
        is cancelled before, what is under way is not counted.
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
                self._over = True
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
            self._count((REQUESTS,), arm, loop.time() - began, outcome)
        return outcome

    async def _calls(self, arm: Arm, session: aiohttp.ClientSession, calls: Sequence[Call]) -> str:
        """One after the other; the first that fails is the last."""
        body = b""
        for call in calls:
            base = self.access[arm][call.provider].base
            target = linked(body, base) if call.provider == "whatsapp-media" else None
            outcome, body = await self._call(arm, session, call, target or call.target)
            if outcome != OK:
                return outcome
        return OK

    async def _call(
        self, arm: Arm, session: aiohttp.ClientSession, call: Call, target: str
    ) -> tuple[str, bytes]:
        loop = asyncio.get_running_loop()
        began, outcome, body = loop.time(), UNANSWERED, b""
        try:
            outcome, body = await self._exchange(arm, session, call, target)
        except TimeoutError:
            outcome = TIMEOUT
        except aiohttp.ClientError:
            outcome = BROKEN
        finally:
            self._count((LABELS[call.provider], ALL), arm, loop.time() - began, outcome)
        return outcome, body

    def _count(self, subjects: tuple[str, ...], arm: Arm, seconds: float, outcome: str) -> None:
        if outcome != UNANSWERED or self._over:
            self.figures.add(subjects, arm, seconds=seconds, outcome=outcome)

    async def _exchange(
        self, arm: Arm, session: aiohttp.ClientSession, call: Call, target: str
    ) -> tuple[str, bytes]:
        access = self.access[arm][call.provider]
        headers = {**access.headers, CALL_HEADER: f"{arm}:{call.number}"}
        if call.body:
            headers["Content-Type"] = "application/json"
        async with session.request(
            call.method,
            URL(access.base + target, encoded=True),
            data=call.body or None,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=call.timeout * self.time_scale),
        ) as response:
            body = await response.read()
            if response.status < 400:
                return OK, body
            return response.headers.get("X-Sidecar-Error", str(response.status)), body


def linked(body: bytes, base: str) -> str | None:
    """What of the `url` that an answer of the Graph API holds comes after the base URL for media.

    The simulated network is in front of the simulators, who do not know it: so its address is put
    before the path. Through the sidecar the URL leads back to it, base URL and all.
    """
    with suppress(ValueError, TypeError, KeyError):
        return URL(json.loads(body)["url"]).raw_path_qs.removeprefix(URL(base).raw_path.rstrip("/"))
    return None


def _session() -> aiohttp.ClientSession:
    """A client without a pool, as the application of the workload has it."""
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    return aiohttp.ClientSession(connector=connector, middlewares=(send_once,))


async def send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again by itself: every call is counted as it went."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    pending = set(tasks)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
