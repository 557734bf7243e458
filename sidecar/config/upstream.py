"""One upstream and its routes, in the order of the YAML. Field docstrings are the reference.

Knows what can be written; nothing of what the running program does with it.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict

from sidecar.config.patterns import PathPattern
from sidecar.config.retry import Retry
from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Duration, Flag, Host, Name, Port, Text, Timeout, Url

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
DialectName = Literal["plain", "postgrest", "graph", "graph_media", "gemini"]
ErrorShape = Literal["postgrest", "supabase", "graph", "gemini", "generic"]
PresetName = Literal["supabase", "whatsapp", "gemini"]


@dataclass(frozen=True, slots=True)
class ClientTls:
    """How the sidecar proves itself to, and trusts, an `https` upstream."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    ca: Text | None = None
    """PEM file of the authorities to trust. Default: those of the system."""
    certificate: Text | None = None
    """PEM file of a client certificate, for upstreams that ask for one."""
    key: Text | None = None
    """PEM file of the client certificate's key. Default: it is in `certificate`."""
    server_name: Text | None = None
    """The name to ask for and to verify. Default: the host of `url`."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The upstream's connections. They are shared by all its routes."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    max_connections: Count = 100
    """How many connections may be open at once."""
    idle: Duration = 15.0
    """A connection that was unused for so long is closed. It is closed earlier where the upstream
    says so (`Keep-Alive: timeout=5`) or was seen to close earlier."""
    idle_unsafe: Duration = 2.0
    """A request that must not be sent twice (POST, PATCH) uses only a connection that was idle
    for less than this, because the upstream may be closing an older one at this moment."""
    max_age: Duration = 300.0
    """A connection is not used again after this age, so that a change of DNS is followed."""
    max_wait: Duration = 2.0
    """How long a request waits for a connection when all are busy (`pool_timeout`)."""


@dataclass(frozen=True, slots=True)
class Dns:
    """How the upstream's name is resolved."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    ttl: Duration = 30.0
    """How long an answer is used. When the resolver fails, the last good answer is kept."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of an exchange may take. Each has a name of its own when it expires."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    connect: Timeout = 3.0
    """Name look-up, connection and TLS handshake together
    (`dns_timeout`, `connect_timeout`, `tls_timeout`)."""
    first_byte: Timeout = 10.0
    """From the end of the request to the end of the response's head
    (`first_byte_timeout`; `header_timeout` when some of the head had come)."""
    idle: Timeout = 30.0
    """Between two chunks of the response's body (`idle_timeout`)."""
    send: Timeout = 30.0
    """While the upstream does not read the request's body (`send_timeout`)."""
    total: Timeout = 30.0
    """From the first byte of the request to the head of the answer, over all attempts
    (`total_timeout`). A response that flows is not cut, unless `total_covers_body`."""
    total_covers_body: Flag = False
    """Whether `total` also ends a response whose body is still flowing."""


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
    dialect: DialectName = "plain"
    """Overrides the upstream's. Default: the upstream's."""
    retry: Retry = field(default_factory=Retry)
    """Overrides the upstream's, key by key. Default: the upstream's."""
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
    `supabase`, `whatsapp` or `gemini`."""
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
    dialect: DialectName = "plain"
    """How the provider words its errors, and so which calls may be repeated, and when:
    `plain` knows HTTP only."""
    retry: Retry = field(default_factory=Retry)
    """Defaults of its routes."""
    routes: tuple[Route, ...] = ()
    """The first that matches is used; without a match, the upstream's own settings are."""
