"""Where deliveries are kept until they are made. Field docstrings are the reference.

Knows how it is written; nothing of the spools themselves.
"""

import base64
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.redis_address import LOCAL, KeyPrefix, RedisAddress
from sidecar.config.secret import Secret
from sidecar.config.strict import STRICT
from sidecar.config.values import Size, Text, Timeout, whole

_KEY_BYTES = 32


def spool_key(value: object) -> Secret:
    """The secret that is 32 bytes in base 64, as `openssl rand -base64 32` prints them.

    Raises:
        PydanticCustomError: anything else. The value is not repeated.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and _is_key(value.strip()):
        return Secret(value.strip())
    raise PydanticCustomError(
        "text", "expected 32 bytes in base 64: make one with `openssl rand -base64 32`"
    )


def key_bytes(key: Secret) -> bytes:
    """The bytes that such a secret stands for."""
    return base64.b64decode(key.reveal())


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except ValueError:  # not base 64; binascii.Error is one
        return False


Deliveries = Annotated[int, Field(ge=1, le=100_000_000), BeforeValidator(whole)]
SpoolKey = Annotated[
    Secret, PlainValidator(spool_key), WithJsonSchema({"type": "string", "minLength": 44})
]


@dataclass(frozen=True, slots=True)
class SqliteSpool:
    """A file on this machine. A call is accepted once it is on the disk (`fsync`)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: Literal["sqlite"] = "sqlite"
    """A file."""
    path: Text = "./sidecar-spool.db"
    """The database file; its directory is made. It must not be on a network file system. With one
    that cannot be read the sidecar does not start: nothing in it is thrown away. Of several
    processes with the same file all accept, and one delivers."""
    max_size: Size = 1024 * 1024 * 1024
    """How large the file may get, beside a log of changes of a few MiB and a reserve of 16 MiB at
    most, with which deliveries go on where the disk is full. When it is, what was
    delivered long ago goes first; when that is gone, calls are refused (503)."""
    max_deliveries: Deliveries = 1_000_000
    """How many may wait. More are refused (503)."""
    retention: Timeout = 7 * 86400.0
    """How long a finished delivery can be looked up and sent again, and the longest that a call is
    known to be the same once more. One whose outcome is unknown is kept until somebody says."""
    key: SpoolKey | None = None
    """Encrypts targets, header fields, bodies and answers in the file (AES-256-GCM): 32 bytes in
    base 64, best from `${file:/run/secrets/spool-key}`. Needs the extra `encryption`. What was
    written without a key is still read; what was written with another one is not. Default: the
    file is readable by its owner only."""


@dataclass(frozen=True, slots=True)
class RedisSpool:
    """A Redis server that several sidecars share; any of them delivers. Needs the extra `redis`.

    How safe a delivery is there is up to the server, and said in the answer and at start. With
    `appendonly yes` and `appendfsync always` it is on the disk before the call is accepted. With
    `everysec`, a crash of the server's machine may take back the last second: what was accepted in
    it is lost, and what was sent in it is sent again. A server that throws keys away when its
    memory is full (`maxmemory-policy allkeys-…`) is not used.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: Literal["redis"] = "redis"
    """A server."""
    url: RedisAddress = LOCAL
    """Where it is; a password belongs into a variable or a file (`${REDIS_URL}`)."""
    prefix: KeyPrefix = "sidecar"
    """What the keys begin with: the same for all sidecars that share the spool."""
    timeout: Timeout = 2.0
    """How long the server may take to answer. After that the call is refused (503)."""
    lease: Timeout = 30.0
    """After so long without a sign of life of a sidecar, the others take over what it had: what it
    was sending becomes `unknown`."""
    max_size: Size = 256 * 1024 * 1024
    """Bytes of requests and answers. More are refused (503)."""
    max_deliveries: Deliveries = 100_000
    """How many may wait. More are refused (503)."""
    retention: Timeout = 7 * 86400.0
    """How long a finished delivery can be looked up and sent again, and the longest that a call is
    known to be the same once more. One whose outcome is unknown is kept until somebody says."""
    key: SpoolKey | None = None
    """Encrypts targets, header fields, bodies and answers in the server, as in a file. The same for
    all sidecars that share the spool."""


SpoolConfig = Annotated[SqliteSpool | RedisSpool, Field(discriminator="kind")]
