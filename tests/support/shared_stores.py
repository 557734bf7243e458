"""Shared stores as they are: real files and a real Redis, and what asking them costs."""

import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sidecar.clock import SystemClock
from sidecar.config.redis_address import RedisUrl
from sidecar.config.stores import RedisStore, SqliteStore, Stores
from sidecar.store.guarded import GuardedStore
from sidecar.store.opening import make_shared
from sidecar.telemetry.store_stats import StoreStats
from tests.support.proxied import soon
from tests.support.redis import RedisProcess, redis_server

SLOW = 0.06
"""Seconds that a dead store may cost."""
NOISE = 0.1
"""What a busy machine may add to that."""
KINDS = ("sqlite", "redis")
PATIENCE = 5.0
"""Seconds that a busy machine may take, where what a store costs is not what is looked at."""


@asynccontextmanager
async def opened(
    config: SqliteStore | RedisStore, *, start: bool = True
) -> AsyncIterator[GuardedStore]:
    """The store, until it is closed."""
    store = make_shared(Stores(shared=config), SystemClock(), StoreStats())
    assert store is not None
    if start:
        await store.start()
    try:
        yield store
    finally:
        await store.close()


def sqlite(folder: Path, **settings: Any) -> SqliteStore:
    """A file in `folder`."""
    return SqliteStore(path=str(folder / "store.db"), **settings)


def redis(server: RedisProcess, **settings: Any) -> RedisStore:
    """That server."""
    return RedisStore(url=RedisUrl(server.url), **settings)


@asynccontextmanager
async def any_store(kind: str, folder: Path) -> AsyncIterator[SqliteStore | RedisStore]:
    """One of `KINDS`."""
    if kind == "sqlite":
        yield sqlite(folder / "deep", timeout=PATIENCE)
    else:
        async with redis_server(folder) as server:
            yield redis(server, prefix="test", timeout=PATIENCE)


async def cost(operation: Awaitable[object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    await operation
    return time.perf_counter() - start


async def idle(store: GuardedStore) -> None:
    """Wait until all is written."""
    await soon(lambda: not store.stats.pending)
