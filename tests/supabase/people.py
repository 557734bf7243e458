"""Users of a project that can be read both through a sidecar and past it."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from tests.supabase.server import PUBLISHABLE_KEY, SECRET_KEY, Server, claims_of
from tests.supabase.transcripts import configuration
from tests.support.sidecar import Running, running_sidecar

_number = itertools.count(1)
PASSWORD = "a-password"
CACHED = (
    "tables:",
    "  functions:",
    "    add: []",
    "    unread_total: [conversations]",
    "    rename: [conversations]",
    "    add_late: [conversations]",
    "  related: {conversations: [messages]}",
)
"""What is not in the paths: what functions touch, and that messages go with their conversation."""


def cached(
    rest: str = "{ttl: 1m, tags: table, stale_if_error: 1h}", drops: str = "[target, table]"
) -> tuple[str, ...]:
    """The keys of an upstream whose tables and users are cached.

    With `drops: [table]` the answers about other rows of a table stay.
    """
    return (
        *CACHED,
        "routes:",
        f"  - {{name: rest, cache: {rest}, invalidates: {drops}}}",
        "  - {name: user, match: {path: /auth/v1/user}, cache: {ttl: 2m}}",
    )


class Answer(NamedTuple):
    """An answer that was read to its end."""

    status: int
    headers: dict[str, str]
    """By names in lower case."""
    text: str

    @property
    def data(self) -> Any:
        """The JSON in it."""
        return json.loads(self.text)

    @property
    def note(self) -> str:
        """Its Cache-Status; "" where there is none."""
        return self.headers.get("cache-status", "")

    @property
    def is_hit(self) -> bool:
        """Whether it came from the store."""
        return "; hit" in self.note


class Person:
    """Somebody with a session, by way of a base URL."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, headers: dict[str, str]) -> None:
        self._http = http
        self._base_url = base_url
        self.headers = headers
        self.session: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """The user's UUID."""
        return str(self.session["user"]["id"])

    @property
    def token(self) -> str:
        """The access token."""
        return str(self.session["access_token"])

    def with_token(self, token: str) -> "Person":
        """The same user with another token."""
        headers = {**self.headers, "Authorization": f"Bearer {token}"}
        other = Person(self._http, self._base_url, headers)
        other.session = {**self.session, "access_token": token}
        return other

    def at(self, base_url: str) -> "Person":
        """The same user by another way."""
        other = Person(self._http, base_url, self.headers)
        other.session = self.session
        return other

    async def call(
        self, method: str, target: str, data: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Call `target`, which is sent as it is written."""
        url = URL(self._base_url + target, encoded=True)
        body = None if data is None else json.dumps(data).encode()
        kind = {} if data is None else {"Content-Type": "application/json"}
        sent = {**self.headers, **kind, **(headers or {})}
        async with self._http.request(method, url, data=body, headers=sent) as answer:
            text = await answer.text()
            fields = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, fields, text)

    async def get(self, target: str, headers: dict[str, str] | None = None) -> Answer:
        """Read."""
        return await self.call("GET", target, headers=headers)

    async def write(
        self, method: str, target: str, data: Any = None, *, back: bool = False, prefer: str = ""
    ) -> Answer:
        """Write, with or without the rows in the answer.

        Raises:
            AssertionError: it was refused.
        """
        wanted = "representation" if back else "minimal"
        preferred = ",".join(filter(None, (f"return={wanted}", prefer)))
        answer = await self.call(method, target, data, {"Prefer": preferred})
        assert answer.status < 300, answer
        return answer


class World(NamedTuple):
    """A server, a sidecar before it, and who talks to them."""

    server: Server
    http: aiohttp.ClientSession
    sidecar: Running
    base_url: str

    def owner(self) -> Person:
        """Whoever has the secret key."""
        headers = {"apikey": SECRET_KEY, "Authorization": f"Bearer {SECRET_KEY}"}
        return Person(self.http, self.base_url, headers)

    def past(self, person: Person) -> Person:
        """The same user, without the sidecar."""
        return person.at(self.server.url)

    async def user(self) -> Person:
        """A new user."""
        anon = Person(self.http, self.base_url, {"apikey": PUBLISHABLE_KEY})
        whom = {"email": f"user{next(_number)}@example.com", "password": PASSWORD}
        answer = await anon.call("POST", "/auth/v1/signup", whom)
        assert answer.status == 200, answer
        person = anon.with_token(answer.data["access_token"])
        person.session = answer.data
        assert claims_of(person.token)["sub"] == person.id
        return person


@asynccontextmanager
async def world(server: Server, *settings: str, by: str = "") -> AsyncIterator[World]:
    """A sidecar with these keys of the upstream, and a client; `by`: another URL of the server."""
    async with running_sidecar(configuration(by or server.url, *settings)) as sidecar:
        timeout = aiohttp.ClientTimeout(total=30.0)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
            yield World(server, http, sidecar, f"{sidecar.proxy_url}/supabase")
