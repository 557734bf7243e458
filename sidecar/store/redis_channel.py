"""A channel of a Redis server (pub/sub) that messages are sent to and heard from.

Raises whatever redis-py does, and decides nothing. Imported only where configured.
"""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sidecar.store.message import Event

_PATIENCE = 2.0
"""Seconds for a connection, and for an answer: nobody waits for them."""


class RedisChannel:
    """One channel.

    Args:
        url: of the server, with its credentials.
        prefix: what the names of this installation begin with.

    Raises:
        ValueError: the URL cannot be understood. It is not part of the message.
    """

    def __init__(self, url: str, prefix: str) -> None:
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=2,
                timeout=_PATIENCE,
                socket_timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                protocol=2,  # with 3, redis-py 8 hands out connections that have ended
                retry=Retry(NoBackoff(), 0),  # a connection that is made anew has missed something
            )
        except ValueError:
            raise ValueError("stores.shared.url cannot be understood") from None
        self._pool = pool
        self._redis = Redis.from_pool(pool)
        self._name = f"{prefix}:messages"
        self._subscription: PubSub | None = None

    def __repr__(self) -> str:
        return f"<RedisChannel {self._name}>"

    async def subscribe(self) -> None:
        """Ask for what is sent from now on, on a new connection; `read` says when it begins."""
        await self.unsubscribe()
        self._subscription = self._redis.pubsub()
        await self._subscription.subscribe(self._name)

    async def unsubscribe(self) -> None:
        """Close that connection."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.aclose()  # type: ignore[no-untyped-call]

    async def ping(self) -> None:
        """Ask for a `pong`: it comes after all messages that were sent before."""
        if self._subscription is not None:
            await self._subscription.ping()

    async def read(self, seconds: float) -> Event | None:
        """What comes next, if it does within so many seconds."""
        if self._subscription is None:
            raise ConnectionError("not subscribed")
        found = await self._subscription.get_message(timeout=seconds)
        if found is None:
            return None
        kind, data = found["type"], found.get("data")
        if kind == "subscribe":
            return "subscribed"
        if kind == "pong":
            return "pong"
        return data if kind == "message" and isinstance(data, bytes) else None

    async def publish(self, data: bytes) -> None:
        """Send a message to all who listen."""
        await self._redis.publish(self._name, data)

    async def close(self) -> None:
        """Close all connections."""
        await self.unsubscribe()
        await self._pool.disconnect()
