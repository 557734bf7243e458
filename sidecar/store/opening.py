"""Makes the stores that a configuration names; imports a client library only where it is needed."""

import os
from hashlib import blake2b

from sidecar.clock import Clock
from sidecar.config.stores import RedisStore, SqliteStore, Stores
from sidecar.store import Backend, StoreUnavailable
from sidecar.store.guarded import GuardedStore
from sidecar.store.memory import Memory
from sidecar.telemetry.store_stats import StoreStats


def make_memory(stores: Stores, stats: StoreStats) -> Memory:
    """The store in this process."""
    return Memory(stores.memory.max_size, stores.memory.max_object, stats=stats)


def make_shared(stores: Stores, clock: Clock, stats: StoreStats) -> GuardedStore | None:
    """The shared store, if there is one; it is used once it was started. Call it in a loop.

    Raises:
        StoreUnavailable: its client library is not installed, or its URL cannot be understood.
    """
    config = stores.shared
    if config is None:
        return None
    return GuardedStore(
        _backend(config, clock, stats),
        kind=config.kind,
        timeout=config.timeout,
        max_object=stores.memory.max_object,
        clock=clock,
        stats=stats,
    )


def _backend(config: SqliteStore | RedisStore, clock: Clock, stats: StoreStats) -> Backend:
    if isinstance(config, SqliteStore):
        from sidecar.store.sqlite import SqliteFile

        return SqliteFile(config.path, config.max_size, clock, stats)
    try:
        from sidecar.store.redis import RedisServer
    except ImportError:
        raise StoreUnavailable(
            "stores.shared: kind redis needs the extra: pip install 'outbound-sidecar[redis]'"
        ) from None
    try:
        return RedisServer(config.url.secret, config.prefix, config.timeout)
    except ValueError as error:
        raise StoreUnavailable(str(error)) from None


def digest_secret(stores: Stores) -> bytes:
    """What keys the digests of credentials and idempotency keys; the same after a restart.

    Without a shared store nobody else sees them, and it may be new each time.
    """
    config = stores.shared
    if stores.secret is not None:
        told = stores.secret
    elif isinstance(config, SqliteStore):
        told = os.path.abspath(config.path)  # noqa: PTH100 - the text of it, without a look at disk
    elif isinstance(config, RedisStore):
        told = f"{config.prefix} {config.url.secret}"
    else:
        return os.urandom(32)
    return blake2b(told.encode(), digest_size=32, person=b"sidecar store").digest()
