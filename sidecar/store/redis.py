"""A store in a Redis server, on aiohttp-client-cache's `RedisCache` with one key for each record.

The server ends records by itself (`PX`). Needs the extra `redis`; imported only where configured.
"""

from collections.abc import Sequence

from aiohttp_client_cache.backends.redis import RedisCache
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sidecar.store import serializer

_MOST_CONNECTIONS = 16


class RedisServer(RedisCache):
    """A `Store` in a server. What it raises is for a guard to swallow.

    Args:
        url: of the server, with its credentials.
        prefix: what all keys begin with.
        timeout: seconds for a connection, a free place in the pool, and an answer, each.

    Raises:
        ValueError: the URL cannot be understood. It is not part of the message.
    """

    def __init__(self, url: str, prefix: str, timeout: float) -> None:
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=_MOST_CONNECTIONS,
                timeout=timeout,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
                protocol=2,  # with 3, redis-py 8 hands out connections that have ended
                retry=Retry(NoBackoff(), 0),  # a second try is a second wait
            )
        except ValueError:
            raise ValueError("stores.shared.url cannot be understood") from None
        connection = Redis.from_pool(pool)
        super().__init__(prefix, "records", connection=connection, serializer=serializer)
        self._redis = connection
        self._pool = pool
        self._prefix = f"{prefix}:"

    def __repr__(self) -> str:
        return f"<RedisServer {self._prefix}*>"

    async def open(self) -> None:
        """Prove that the server answers."""
        await self._redis.set(f"{self._prefix}probe", b"", px=1000)

    async def get(self, key: str) -> bytes | None:
        """What is kept under `key`."""
        value = await self._redis.get(self._prefix + key)
        return value if isinstance(value, bytes) else None

    async def get_all(self, keys: Sequence[str]) -> list[bytes | None]:
        """What is kept under each key, by one command."""
        values = await self._redis.mget([self._prefix + key for key in keys])
        return [value if isinstance(value, bytes) else None for value in values]

    async def version(self) -> None:
        """Unknown: others are heard of by messages."""

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keep `value` for `ttl` seconds."""
        await self._redis.set(self._prefix + key, value, px=_milliseconds(ttl))

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        """Keep `value` if nothing is there (`NX`)."""
        px = _milliseconds(ttl)
        return bool(await self._redis.set(self._prefix + key, value, px=px, nx=True))

    async def delete(self, key: str) -> None:
        """Forget what is there."""
        await self._redis.delete(self._prefix + key)

    async def sweep(self) -> None:
        """Nothing: the server throws out by itself."""

    async def close(self) -> None:
        """Close all connections, also those in use."""
        await super().close()  # type: ignore[no-untyped-call]
        await self._pool.disconnect()


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
