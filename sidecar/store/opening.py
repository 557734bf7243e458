"""Makes the stores that a configuration names; imports a client library only where it is needed."""

import os
from hashlib import blake2b

from sidecar.clock import Clock
from sidecar.config.stores import RedisStore, SqliteStore, Stores
from sidecar.core.cache.hearing import Hearing
from sidecar.store import Backend, StoreUnavailable
from sidecar.store.guarded import GuardedStore
from sidecar.store.messenger import Messenger
from sidecar.store.signed import Signed
from sidecar.store.watch import Watch
from sidecar.telemetry.message_stats import MessageStats
from sidecar.telemetry.store_stats import StoreStats

_NO_REDIS = "stores.shared: kind redis needs the extra: pip install 'outbound-sidecar[redis]'"


def make_shared(stores: Stores, clock: Clock, stats: StoreStats) -> GuardedStore | None:
    """The shared store, if there is one; it is used once it was started. Call it in a loop.

    Raises:
        StoreUnavailable: its client library is not installed, or its URL cannot be understood.
    """
    config = stores.shared
    if config is None:
        return None
    return GuardedStore(
        Signed(_backend(config, clock, stats), digest_secret(stores)),
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
        raise StoreUnavailable(_NO_REDIS) from None
    try:
        return RedisServer(config.url.secret, config.prefix, config.timeout)
    except ValueError as error:
        raise StoreUnavailable(str(error)) from None


def make_messenger(stores: Stores, origin: str, hearing: Hearing, clock: Clock) -> Messenger | None:
    """What tells other sidecars of changes; None where there is no server to tell them through.

    Raises:
        StoreUnavailable: as `make_shared`.
    """
    config = stores.shared
    if not isinstance(config, RedisStore):
        return None
    try:
        from sidecar.store.redis_channel import RedisChannel
    except ImportError:
        raise StoreUnavailable(_NO_REDIS) from None
    try:
        channel = RedisChannel(config.url.secret, config.prefix)
    except ValueError as error:
        raise StoreUnavailable(str(error)) from None
    return Messenger(
        channel,
        origin=origin,
        secret=digest_secret(stores),
        hearing=hearing,
        clock=clock,
        stats=MessageStats(),
    )


def make_watch(
    stores: Stores, store: GuardedStore | None, hearing: Hearing, clock: Clock
) -> Watch | None:
    """What sees whether others write to a file that is shared; None where there is none."""
    if store is None or not isinstance(stores.shared, SqliteStore):
        return None
    return Watch(store.version, hearing, clock)


def digest_secret(stores: Stores) -> bytes:
    """What keys the digests of credentials and keys, and signs records; the same after a restart.

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
