"""One upstream and its routes, in the order of the YAML. Field docstrings are the reference.

Knows what can be written; nothing of what the running program does with it.
"""

from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal

from pydantic import ConfigDict

from sidecar.config.breaker import Breaker
from sidecar.config.cache import Cache
from sidecar.config.connecting import ClientTls, Dns, Pool, Timeouts
from sidecar.config.credentials import Credentials
from sidecar.config.dialect import DialectChoice
from sidecar.config.hedge import Hedge
from sidecar.config.ledger import Ledger
from sidecar.config.limit import Limit, Priority
from sidecar.config.media import Media
from sidecar.config.pace import Pace
from sidecar.config.patterns import PathPattern
from sidecar.config.queue import Queue
from sidecar.config.retry import Retry
from sidecar.config.returned_urls import ReturnedUrls
from sidecar.config.strict import STRICT
from sidecar.config.tables import TableNames
from sidecar.config.values import DEFAULT_ROUTE, Flag, Host, Name, Port, Text, Url
from sidecar.config.websocket import Websocket

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ErrorShape = Literal["postgrest", "supabase", "graph", "gemini", "generic"]
PresetName = Literal["supabase", "whatsapp", "whatsapp-media", "gemini"]


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a route is for. All that is given must hold."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    methods: tuple[Method, ...] = ()
    """HTTP methods. Default: all of them, also those that cannot be named here."""
    path: PathPattern = "/**"
    """Raw path without its query: literal text, `{name}` or `*` for one segment,
    `**` for any number of them."""


@dataclass(frozen=True, slots=True)
class Route:
    """Settings for some of an upstream's requests. The first route that matches is used."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Name
    """Its name in logs and metrics; unique within the upstream. A route with the name of one of
    the preset's routes overrides that one, key by key. `default` is reserved."""
    match: Match = field(default_factory=Match)
    """Which requests it is for."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """Overrides the upstream's, key by key. Default: the upstream's."""
    errors: ErrorShape = "generic"
    """Overrides the upstream's. Default: the upstream's."""
    dialect: DialectChoice = "plain"
    """Overrides the upstream's; key by key where both are described. Default: the upstream's."""
    readable_errors: Flag = True
    """Overrides the upstream's. Default: the upstream's."""
    strict_streams: Flag = True
    """Overrides the upstream's. Default: the upstream's."""
    retry: Retry = field(default_factory=Retry)
    """Overrides the upstream's, key by key. Default: the upstream's."""
    breaker: Breaker = field(default_factory=Breaker)
    """Overrides `key`, `hold` and `hold_unsafe` of the upstream's; all else is the upstream's."""
    priority: Priority = "interactive"
    """Overrides the upstream's. Default: the upstream's."""
    pace: tuple[Pace, ...] = ()
    """Takes the place of the upstream's. Default: the upstream's."""
    hedge: Hedge = field(default_factory=Hedge)
    """Overrides the upstream's, key by key. Default: the upstream's."""
    cache: Cache = field(default_factory=Cache)
    """Overrides the upstream's, key by key. Default: the upstream's."""
    queue: Queue = field(default_factory=Queue)
    """Overrides the upstream's, key by key. Default: the upstream's."""
    invalidates: tuple[Text, ...] = ("target",)
    """What a write on this route drops from the cache, before its answer goes back: `target` (what
    was stored of the same URL), `table` (what was made from the PostgREST tables and rows that it
    touches), `credential` (all that was stored for whoever asks), or names of `cache.tags`."""
    returned_urls: ReturnedUrls = field(default_factory=ReturnedUrls)
    """Overrides the upstream's, key by key. Default: the upstream's."""
    websocket: Websocket = field(default_factory=Websocket)
    """Overrides the upstream's, key by key; `max_open` is the upstream's."""
    abandon: Literal["auto", "cancel", "finish"] = "auto"
    """What happens at the upstream when the application leaves before the answer: `cancel` the
    call, or let it `finish`. `auto` cancels GET, HEAD and OPTIONS and lets all else finish."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One HTTP API that the application calls."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    url: Url
    """Where it is: scheme, host, optional port, optional base path."""
    preset: PresetName | None = None
    """A shipped bundle of settings that everything here overrides:
    `supabase`, `whatsapp`, `whatsapp-media` or `gemini`."""
    port: Port | None = None
    """A listener of its own on the proxy's host, for clients that take only an origin."""
    tls_port: Port | None = None
    """The same with TLS, by `listen.tls`; for clients that insist on `https` or `wss`."""
    hosts: tuple[Host, ...] = ()
    """Values of the `Host` header that select this upstream, without its prefix."""
    tls: ClientTls = field(default_factory=ClientTls)
    """Trust and client certificate for an `https` upstream."""
    dns: Dns = field(default_factory=Dns)
    """Name resolution."""
    pool: Pool = field(default_factory=Pool)
    """Connections."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """Defaults of its routes."""
    errors: ErrorShape = "generic"
    """The shape of the sidecar's own errors, so that the provider's SDKs can read them."""
    dialect: DialectChoice = "plain"
    """How the provider words its errors, and so which calls may be repeated, and when: the name of
    one (`plain` knows HTTP only), or keys that describe one."""
    readable_errors: Flag = True
    """Whether an HTML page that Cloudflare sends in place of an answer becomes JSON in the shape
    of `errors`, with the status kept and the page attached."""
    strict_streams: Flag = True
    """Whether an event stream that the upstream ends too early (inside a frame, or without the end
    that the dialect knows) is broken off for the application, instead of looking complete."""
    retry: Retry = field(default_factory=Retry)
    """Defaults of its routes."""
    breaker: Breaker = field(default_factory=Breaker)
    """The circuit breaker, and defaults of its routes."""
    limit: Limit = field(default_factory=Limit)
    """Calls in flight, over all its routes."""
    priority: Priority = "interactive"
    """Default of its routes: who goes first where calls wait, `interactive` or `batch`."""
    pace: tuple[Pace, ...] = ()
    """Rates that calls do not exceed; default of its routes. A call waits for all of them."""
    hedge: Hedge = field(default_factory=Hedge)
    """Defaults of its routes."""
    ledger: Ledger = field(default_factory=Ledger)
    """What is remembered of calls with an idempotency key, on all its routes."""
    cache: Cache = field(default_factory=Cache)
    """Defaults of its routes."""
    queue: Queue = field(default_factory=Queue)
    """Defaults of its routes."""
    media: Media = field(default_factory=Media)
    """What is remembered of media files, where this is an API such as WhatsApp's."""
    tables: TableNames = field(default_factory=TableNames)
    """What the paths of a PostgREST API do not tell, for caches with `tags: table`."""
    returned_urls: ReturnedUrls = field(default_factory=ReturnedUrls)
    """Defaults of its routes."""
    websocket: Websocket = field(default_factory=Websocket)
    """Whether and how WebSockets pass; default of its routes."""
    credentials: Credentials | None = None
    """Keys that the sidecar holds for the application, for all its routes."""
    routes: tuple[Route, ...] = ()
    """The first that matches is used; without a match, the upstream's own settings are."""


INHERITED = tuple(
    each.name for each in fields(Route) if each.name in {each.name for each in fields(Upstream)}
)
"""The settings of a route that are the upstream's where the route does not say otherwise."""


def default_route(upstream: Upstream) -> Route:
    """What holds for requests that no route of the upstream matches."""
    return Route(name=DEFAULT_ROUTE, **{name: getattr(upstream, name) for name in INHERITED})
