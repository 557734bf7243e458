"""The root of the YAML: listeners, log, limits, upstreams. Field docstrings are the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.config.advise import Advise
from sidecar.config.drills import Drills
from sidecar.config.log import Log
from sidecar.config.reload import Reload
from sidecar.config.stores import Stores
from sidecar.config.strict import STRICT
from sidecar.config.tracing import Tracing
from sidecar.config.upstream import Upstream
from sidecar.config.values import (
    Address,
    Count,
    Duration,
    ListenAddress,
    Name,
    Size,
    Text,
    Timeout,
    one_or_many,
)

DEFAULT_PROXY = Address(host="127.0.0.1", port=8080)
DEFAULT_OPS = Address(host="127.0.0.1", port=9090)


ListenAddresses = Annotated[
    tuple[ListenAddress, ...],
    BeforeValidator(one_or_many, json_schema_input_type=ListenAddress | tuple[ListenAddress, ...]),
]


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The certificate that the sidecar shows to the application."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    certificate: Text
    """PEM file with the certificate and its chain."""
    key: Text
    """PEM file with its private key."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the sidecar listens."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    proxy: ListenAddresses = (DEFAULT_PROXY,)
    """For the application: one address or a list, `host:port` or `unix:/path`."""
    proxy_tls: ListenAddresses = ()
    """The same with TLS; needs `tls`."""
    ops: ListenAddress = DEFAULT_OPS
    """Read-only: `/metrics` and `/health`."""
    admin: ListenAddress | None = DEFAULT_ADMIN
    """For operators: what is going on, and how to change it. `null` for none. An address that
    other machines reach needs `admin.token`."""
    tls: ServerTls | None = None
    """Certificate for `proxy_tls` and for the upstreams' `tls_port`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the application may send, and how slowly."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    max_header_size: Size = 64 * 1024
    """The longest request line and the longest header field; more is answered 400."""
    max_headers: Count = 256
    """How many header fields a request may have."""
    max_header_total: Size = 256 * 1024
    """How much request line and header fields may be together."""
    max_body: Size | None = None
    """The largest request body; more is answered 413. Default: no limit."""
    head: Timeout = 30.0
    """How long the application may take for a request's head, once it has begun; then the
    connection is closed."""
    body_idle: Timeout = 30.0
    """How long the application may pause within a request body (`request_body_timeout`)."""
    read_idle: Timeout = 300.0
    """How long the application may leave a response unread before it is cut off."""
    keep_alive: Timeout = 620.0
    """How long an idle connection of the application is kept: longer than any client keeps it."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    upstreams: Annotated[Mapping[Name, Upstream], Field(min_length=1)]
    """The HTTP APIs that the application calls, by name. The name is the path's prefix."""
    listen: Listen = field(default_factory=Listen)
    """Where the sidecar listens."""
    drain_timeout: Duration = 5.0
    """How long calls in flight may take to finish after SIGTERM."""
    loop: Literal["auto", "asyncio", "uvloop"] = "auto"
    """The event loop; `auto` is uvloop where it is installed."""
    log: Log = field(default_factory=Log)
    """What is written to standard error."""
    limits: Limits = field(default_factory=Limits)
    """What the application may send, and how slowly."""
    stores: Stores = field(default_factory=Stores)
    """Where answers and keys are kept."""
    admin: Admin = field(default_factory=Admin)
    """Who may use the admin listener."""
    drills: Drills = field(default_factory=Drills)
    """Faults that are made on purpose."""
    reload: Reload = field(default_factory=Reload)
    """When the configuration is read again by itself."""
    advise: Advise = field(default_factory=Advise)
    """What `sidecar advise` learns from."""
    tracing: Tracing = field(default_factory=Tracing)
    """Traces of what is called, for a collector."""
