"""Sidecars before one small database, which they may share a store for; each with its admin API."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from tests.support.ports import free_port
from tests.support.sidecar import Running, running_sidecar
from tests.support.steps import body, reply
from tests.support.upstream import Script, Upstream
from tests.support.wire import WireRequest

ADMIN = "/admin/cache"
_CONFIG = """
listen: {{proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: 127.0.0.1:0}}
log: {{level: info}}
stores: {stores}
upstreams:
  api:
    url: {url}
    retry: {{attempts: 1}}
    cache: {{ttl: 10m, tags: [table, mine], {cache}}}
    routes:
      - {{name: rest, match: {{path: /rest/v1/**}}, invalidates: [table]}}
"""


class Database:
    """Counts what is written to it, and answers every read with how much that was."""

    def __init__(self) -> None:
        self.version = 0
        self.reads = 0
        self.is_down = False
        self.upstream = Upstream(choose=self._choose, port=free_port())

    def _choose(self, request: WireRequest) -> Script:
        if self.is_down:
            return reply(b"down", status=b"503 Service Unavailable")
        if request.method == b"GET":
            self.reads += 1
            return reply(b"%d" % self.version)
        self.version += 1
        return (body, *reply(b"", status=b"201 Created"))


class Got(NamedTuple):
    """What a read came to."""

    version: int
    note: str
    """Its Cache-Status."""

    @property
    def is_hit(self) -> bool:
        """Whether it came from the cache."""
        return self.note.startswith("sidecar; hit")


class Member:
    """One sidecar, and clients of both its listeners."""

    def __init__(self, running: Running, database: Database, client: aiohttp.ClientSession) -> None:
        self.sidecar = running.sidecar
        self.database = database
        self.client = client
        self._proxy = f"{running.proxy_url}/api"
        self.admin = str(running.bound["admin"])

    async def read(self, target: str = "/rest/v1/messages?chat_id=eq.7", token: str = "me") -> Got:
        """Read something."""
        fields = {"Authorization": f"Bearer {token}"}
        async with self.client.get(f"{self._proxy}{target}", headers=fields) as answer:
            text = await answer.text()
            assert answer.status == 200, (answer.status, text)
            return Got(int(text), answer.headers.get("Cache-Status", ""))

    async def write(self, target: str = "/rest/v1/messages", **row: object) -> None:
        """Insert a row."""
        async with self.client.post(f"{self._proxy}{target}", json=row or {"id": 1}) as answer:
            assert answer.status == 201

    async def call(
        self, method: str, path: str, given: Mapping[str, Any] | None = None
    ) -> tuple[int, Any]:
        """Call the admin API: the status, and what it says."""
        url, data = f"http://{self.admin}{path}", json.dumps(given or {})
        fields = {"X-Sidecar-Admin": "1"}
        async with self.client.request(method, url, data=data, headers=fields) as answer:
            return answer.status, await answer.json()

    async def clear(self, **given: object) -> Any:
        """Purge, and what came of it."""
        status, said = await self.call("POST", f"{ADMIN}/clear", given)
        assert status == 200, said
        return said

    async def stats(self) -> Any:
        """How the cache stands."""
        status, said = await self.call("GET", f"{ADMIN}/stats")
        assert status == 200
        return said


@asynccontextmanager
async def fleet(
    number: int = 1, *, stores: str = "{}", cache: str = "", database: Database | None = None
) -> AsyncIterator[list[Member]]:
    """So many sidecars; `stores` and `cache` are YAML, the latter without its braces."""
    database = database or Database()
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(database.upstream)
        client = await stack.enter_async_context(aiohttp.ClientSession())
        text = _CONFIG.format(stores=stores, url=origin.url, cache=cache)
        starting = [running_sidecar(text) for _ in range(number)]
        members = [
            Member(await stack.enter_async_context(each), database, client) for each in starting
        ]
        yield members


async def seen_within(member: Member, version: int, seconds: float) -> float:
    """Seconds until a read by this member gives that version.

    Raises:
        TimeoutError: it does not, within so many.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds):
        while (await member.read()).version != version:
            await asyncio.sleep(0.002)
    return loop.time() - began
