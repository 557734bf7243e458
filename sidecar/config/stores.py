"""Where answers and keys are kept: in memory, and in a store that several sidecars may share.

Field docstrings are the reference. Knows how it is written; nothing of the stores themselves.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.strict import STRICT
from sidecar.config.values import Duration, Size, Text, Timeout

_PREFIX = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_REDIS_URL = r"^(redis|rediss|unix)://.+$"


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """The address of a Redis server. What is shown of it has neither user, password nor query."""

    secret: str = field(repr=False)
    """The whole of it, for the client only."""

    def __str__(self) -> str:
        parts = urlsplit(self.secret)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"RedisUrl({str(self)!r})"


def redis_url(value: object) -> RedisUrl:
    """The address in `"redis://host:6379/0"`, `"rediss://user:password@host"`, `"unix:///path"`.

    Raises:
        PydanticCustomError: another scheme, no host, or anything else. The value is not repeated.
    """
    if isinstance(value, RedisUrl):
        return value
    if isinstance(value, str) and re.fullmatch(_REDIS_URL, value) and _has_place(value):
        return RedisUrl(value)
    raise PydanticCustomError("url", "expected redis://host[:port][/db], rediss://… or unix:///…")


def _has_place(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(parts.path if parts.scheme == "unix" else parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        return False


def key_prefix(value: object) -> str:
    """What the keys of this product begin with.

    Raises:
        PydanticCustomError: other characters than letters, digits and `._:-`.
    """
    if isinstance(value, str) and _PREFIX.fullmatch(value):
        return value
    raise PydanticCustomError("text", "expected up to 64 letters, digits or any of . _ : -")


@dataclass(frozen=True, slots=True)
class MemoryStore:
    """What this process keeps in its own memory."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    max_size: Size = 64 * 1024 * 1024
    """Bytes of all that is kept; what was not used for the longest time goes first."""
    max_object: Size = 1024 * 1024
    """Bytes of one object; larger ones are not kept, here and in the shared store."""


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """A file on this machine: it survives a restart, and sidecars of one machine may share it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: Literal["sqlite"] = "sqlite"
    """A file."""
    path: Text = "./sidecar-store.db"
    """The database file; its directory is made. One that cannot be read is moved aside
    (`.corrupt`) and made anew. It must not be on a network file system."""
    max_size: Size = 512 * 1024 * 1024
    """About how large the file may get; the oldest entries go first."""
    timeout: Timeout = 0.05
    """How long a call waits for the store; after that it goes on without."""
    recheck: Duration = 5.0
    """How long an answer may be given from memory while another process writes to the file, before
    it is looked up there whether that one has changed it."""


@dataclass(frozen=True, slots=True)
class RedisStore:
    """A Redis server, shared by sidecars of several machines. Needs the extra `redis`."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: Literal["redis"] = "redis"
    """A server."""
    url: Annotated[
        RedisUrl,
        BeforeValidator(redis_url),
        WithJsonSchema({"type": "string", "pattern": _REDIS_URL}),
    ] = RedisUrl("redis://127.0.0.1:6379/0")
    """Where it is; a password belongs into a variable or a file (`${REDIS_URL}`)."""
    prefix: Annotated[
        str,
        BeforeValidator(key_prefix),
        WithJsonSchema({"type": "string", "pattern": f"^{_PREFIX.pattern}$"}),
    ] = "sidecar"
    """What the keys begin with. How much is kept, and what goes first, is the server's
    `maxmemory` and `maxmemory-policy`."""
    timeout: Timeout = 0.05
    """How long a call waits for the store; after that it goes on without."""
    recheck: Duration = 5.0
    """How long an answer may be given from memory while the other sidecars are not heard, before
    the server is asked whether they have changed it. Where it does not answer, the answer is
    stale."""


SharedStore = Annotated[SqliteStore | RedisStore, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Stores:
    """Where answers and keys are kept."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    memory: MemoryStore = field(default_factory=MemoryStore)
    """In this process."""
    shared: SharedStore | None = None
    """In a file or a server that outlives this process. A store that is dead or slow is as good
    as empty: it costs a call its `timeout` at most, and no call fails."""
    secret: Text | None = None
    """Keys the digests that stand for credentials and idempotency keys, so that whoever reads
    the shared store cannot look them up. The same for all sidecars that share a store. Default:
    made from the address of the shared store, so that it is the same after a restart."""
