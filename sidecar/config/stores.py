"""Where answers and keys are kept: in memory, and in a store that several sidecars may share.

Field docstrings are the reference. Knows how it is written; nothing of the stores themselves.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from sidecar.config.redis_address import LOCAL, KeyPrefix, RedisAddress
from sidecar.config.spool import SpoolConfig
from sidecar.config.strict import STRICT
from sidecar.config.values import Duration, Size, Text, Timeout


@dataclass(frozen=True, slots=True)
class MemoryStore:
    """What this process keeps in its own memory."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    max_size: Size = 64 * 1024 * 1024
    """Bytes of all that is kept; what is used least goes first."""
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
    url: RedisAddress = LOCAL
    """Where it is; a password belongs into a variable or a file (`${REDIS_URL}`)."""
    prefix: KeyPrefix = "sidecar"
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
    spool: SpoolConfig | None = None
    """Where calls are kept that are delivered later; needed where a route has a `queue.mode`."""
    secret: Text | None = field(default=None, repr=False)
    """Keys the digests that stand for credentials and idempotency keys, so that whoever reads
    the shared store cannot look them up, and signs what is kept there, so that whoever writes to
    it cannot change an answer or move it to another caller. The same for all sidecars that share a
    store. Default: made from the address of the shared store, so that it is the same after a
    restart; whoever knows that address then knows the secret."""
