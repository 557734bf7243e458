"""How an upstream is reached, and how long that may take. Field docstrings are the reference.

Knows what can be written; nothing of what the running program does with it.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Duration, Flag, Text, Timeout


def server_name(value: object) -> str:
    """The name of a server, as TLS can ask for it (RFC 6066 §3: a DNS name, as IDNA writes it).

    Raises:
        PydanticCustomError: empty, too long, a URL, or anything else.
    """
    try:
        if isinstance(value, str) and value[:1] != "." and not set(value) & set(":/@ "):
            value.encode("idna")
            if value:
                return value
    except UnicodeError:  # a label that is empty, or longer than 63
        pass
    raise PydanticCustomError(
        "server_name", "expected the name of a server, such as api.example.com"
    )


ServerName = Annotated[
    str, BeforeValidator(server_name), WithJsonSchema({"type": "string", "minLength": 1})
]


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
    server_name: ServerName | None = None
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
