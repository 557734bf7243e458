"""A cache layer around a scripted upstream, on a clock of the test's own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from sidecar.clock import Clock
from sidecar.config.cache import Cache
from sidecar.core.cache.dates import format_date
from sidecar.core.cache.generations import Generations
from sidecar.core.cache.key import KeyRule
from sidecar.core.cache.model import Rules
from sidecar.core.cache.reads import ReadRule
from sidecar.core.cache.rfc9111 import Rfc9111
from sidecar.core.cache.targets import Targets
from sidecar.core.cache.ttl import Forced
from sidecar.errors import UpstreamReset
from sidecar.exchange import BytesBody, Exchange, RawHeaders, Request, Response, Timeline
from sidecar.flights.ahead import PrefetchedKeys
from sidecar.flights.desk import Desk
from sidecar.flights.fetch import FetchParts
from sidecar.flights.warmer import Warmer
from sidecar.layers.cache import CacheLayer, Parts
from sidecar.store import WriteBehind
from sidecar.store.entries import Entries
from sidecar.store.kept import Value
from sidecar.telemetry.cache_stats import CacheStats
from tests.support.builders import response
from tests.support.clock import FakeClock

URL = "http://api.test"
TTL = Cache(ttl=60.0)
LENIENT = Cache(ttl=60.0, stale_while_revalidate=30.0, stale_if_error=600.0)
RESET = UpstreamReset("reset", code="upstream_reset")


def ok(body: bytes = b"one", *headers: tuple[bytes, bytes]) -> Response:
    """An answer that says how long it is."""
    return response(200, body, [(b"Content-Length", b"%d" % len(body)), *headers])


class Shelf:
    """Keeps everything."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def get(self, key: str) -> Value | None:
        """What is kept."""
        return self.values.get(key)

    def put(self, key: str, value: Value, size: int) -> None:
        """Keep it."""
        assert size > 0
        self.values[key] = value

    def clear(self) -> None:
        """Forget all."""
        self.values.clear()

    def pop(self, key: str) -> None:
        """Forget it."""
        self.values.pop(key, None)


class Got(NamedTuple):
    """A response that was read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes
    source: str

    @property
    def note(self) -> str:
        """Its Cache-Status."""
        return self.headers.get("cache-status", "")


Answer = Response | BaseException | Callable[[Exchange], Response]


class World:
    """A cache, and the upstream behind it. What it answers last it answers for ever."""

    def __init__(
        self,
        *answers: Answer,
        config: Cache | None = None,
        rules: Rules | None = None,
        shared: bool = False,
        draw: float = 0.5,
        store: WriteBehind | None = None,
        clock: Clock | None = None,
        inner: Callable[[Any], Any] = lambda handler: handler,
    ) -> None:
        self.answers = list(answers)
        self.calls: list[Exchange] = []
        self.clock = FakeClock()
        if clock is not None:
            self.clock = clock  # type: ignore[assignment]
        self.config = config or Cache(ttl=60.0)
        self.rules = rules or self._rules(self.config)
        self.generations = Generations()
        self.shelf = Shelf()
        self.entries = Entries(self.shelf, self.generations, b"secret", store, epoch=str(id(self)))
        self.stats = CacheStats()
        self.desk = Desk(self.clock.now)
        self.warmer = Warmer(self.desk, self.clock, lambda: draw, self.spawn)
        self.tasks: set[asyncio.Task[Any]] = set()
        self.targets = Targets(URL)
        standard = self.config.mode == "rfc9111"
        names = () if standard else tuple(name.lower().encode() for name in self.config.headers)
        self.key = KeyRule("api", b"secret", names, shared=shared, body=self.config.post)
        self.fetching = FetchParts(
            "api",
            self.rules,
            self.tags,
            self.entries,
            self.config.max_object,
            self.clock,
            ranges=standard,
            heads=standard,
        )
        is_read = ReadRule(self.config.post, ranges=standard or b"range" in names)
        parts = Parts(
            self.config,
            self.key,
            is_read,
            self.fetching,
            self.desk,
            self.warmer,
            PrefetchedKeys(),
            self.stats,
            self.clock,
        )
        self.layer = CacheLayer(inner(self._upstream), parts)

    def _rules(self, config: Cache) -> Rules:
        if config.mode == "rfc9111":
            return Rfc9111(config.stale_while_revalidate, config.stale_if_error)
        return Forced(
            config.ttl,
            config.negative,
            config.stale_while_revalidate,
            config.stale_if_error,
            frozenset(name.lower().encode() for name in config.headers),
        )

    def tags(self, request: Request) -> tuple[str, ...]:
        """What an answer is made from."""
        credential = self.key.credential(request)
        return (*self.targets.read_tags(request), *((credential,) if credential else ()))

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run it beside all else."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _upstream(self, exchange: Exchange) -> Response:
        self.calls.append(exchange)
        await asyncio.sleep(0)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if not isinstance(answer, Response):
            return answer(exchange)
        data = answer.body.data if isinstance(answer.body, BytesBody) else b""
        return Response(answer.status, answer.reason, list(answer.headers), BytesBody(data))

    def exchange(
        self,
        method: str = "GET",
        target: str = "/thing",
        headers: RawHeaders | None = None,
        body: bytes | None = None,
        left: float = 30.0,
    ) -> Exchange:
        """One call of the application."""
        now = self.clock.now()
        data = None if body is None else BytesBody(body)
        request = Request(method, target, headers or [], data)
        number = f"x{len(self.calls)}-{id(request)}"
        return Exchange(number, "api", "default", request, now + left, Timeline(now))

    async def call(self, *args: Any, **named: Any) -> Got:
        """Make a call and read its answer."""
        return await read(await self.layer(self.exchange(*args, **named)))

    async def get(self, *headers: tuple[bytes, bytes], target: str = "/thing") -> Got:
        """GET with these fields."""
        return await self.call("GET", target, list(headers))

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(30):
            await asyncio.sleep(0)

    def date(self, seconds: float = 0.0) -> bytes:
        """The HTTP-date so many seconds from now."""
        return format_date(self.clock.wall() + seconds)


async def read(response: Response) -> Got:
    """Read it to its end, and close it."""
    body = b""
    try:
        while data := await response.body.read():
            body += data
    finally:
        response.close()
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key = name.decode().lower()
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return Got(response.status, headers, body, response.source)
