"""The server of a spool: connections, the scripts, and what its errors mean.

Finds out how safe the server keeps things. Knows no deliveries.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from redis import RedisError
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import OutOfMemoryError, ResponseError
from redis.exceptions import TimeoutError as TimedOut

from sidecar.spool.sealing import Seal, proof, proves
from sidecar.spool.values import SpoolDamaged, SpoolUnavailable

_MOST_CONNECTIONS = 32
_OLDEST: Final = (6, 2)
"""The version of the server that has `XAUTOCLAIM`."""
_SCRIPTS = Path(__file__).with_name("scripts")
_NO_DISK = "MISCONF"
"""How the server refuses to write where it cannot write to its disk."""
_BROKEN: Final = (Disconnected, TimedOut, OSError, RuntimeError)
"""How a connection breaks. uvloop has a RuntimeError for writing to one that has just ended."""
_TROUBLE: Final = (RedisError, OSError, RuntimeError)


class Refused(SpoolUnavailable):
    """The server has no room, in memory or on its disk (`what`)."""

    def __init__(self, what: str) -> None:
        super().__init__(f"stores.spool: the server has no room ({what})")
        self.what = what


class SpoolServer:
    """One server.

    Args:
        url: of the server, with its credentials.
        prefix: what all names begin with.
        timeout: seconds for a connection, a free place in the pool, and an answer, each.

    Raises:
        ValueError: the URL cannot be understood. It is not part of the message.
    """

    def __init__(self, url: str, prefix: str, timeout: float) -> None:
        try:
            self._pool = BlockingConnectionPool.from_url(
                url,
                max_connections=_MOST_CONNECTIONS,
                timeout=timeout,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
                protocol=2,  # with 3, redis-py 8 hands out connections that have ended
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError:
            raise ValueError("stores.spool.url cannot be understood") from None
        self._redis = Redis.from_pool(self._pool)
        self._is_open = False
        self._known: object = None
        """Which run of which server it is."""
        self._timeout = timeout
        self._unanswered = float("-inf")
        """When the last call began that the server left without an answer for its time."""
        self._places = asyncio.Semaphore(_MOST_CONNECTIONS - 4)
        """In the order of coming, which the pool does not keep; some are left for readers."""
        self.base = f"{{{prefix}:spool}}:"
        common = (_SCRIPTS / "common.lua").read_text()
        self._scripts = {
            path.stem: self._redis.register_script(f"{common}\n{path.read_text()}")
            for path in _SCRIPTS.glob("*.lua")
            if path.stem != "common"
        }

    def __repr__(self) -> str:
        return f"<SpoolServer {self.base}*>"

    async def open(self, seal: Seal) -> str:
        """See whether it can be used; how safe it is, in the words of `Spool.durability`.

        Raises:
            SpoolUnavailable: it does not answer, is too old, or throws away what it holds.
            SpoolDamaged: what is there was written with another key.
        """
        info = await self._ask("INFO", "server")
        version = str(info["redis_version"]).split(".")
        if (int(version[0]), int(version[1])) < _OLDEST:
            raise SpoolUnavailable("stores.spool: the server is older than Redis 6.2")
        settings = await self._settings()
        policy = settings.get("maxmemory-policy", "noeviction")
        if settings.get("maxmemory", "0") != "0" and policy.startswith("allkeys"):
            raise SpoolUnavailable(
                f"stores.spool: the server throws deliveries away when its memory is full "
                f"(maxmemory-policy {policy}); it needs `noeviction` or a `volatile-…` policy"
            )
        await self._check_key(seal)
        self._is_open, self._known = True, info.get("run_id")
        return _durability(settings)

    async def durability(self) -> str | None:
        """How safe it is where it was started anew, or is another one by now; else None."""
        info = await self.ask("INFO", "server")
        if info.get("run_id") == self._known:
            return None
        settings = await self._settings()
        self._known = info.get("run_id")
        return _durability(settings)

    async def run(self, script: str, *args: str | bytes | float, again: bool = False) -> Any:
        """What a script says.

        Args:
            script: its name.
            args: its arguments.
            again: whether it may be done twice, and so is, where the connection broke.

        Raises:
            Refused: the server has no room.
            SpoolUnavailable: it does not answer. What was asked for may have been done.
        """
        self._check_open()
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._timeout):
                await self._places.acquire()
        except TimeoutError as error:
            raise _told(error) from error
        try:
            return await self._run(script, args, again=again)
        except _TROUBLE as error:
            if asyncio.get_running_loop().time() - began >= self._timeout:
                self._unanswered = began
            raise _told(error) from error
        finally:
            self._places.release()

    def check_answered(self, since: float) -> None:
        """Refuse whoever has stood in a line since then, if the server was silent meanwhile.

        He has waited for it already for as long as a call may.

        Raises:
            SpoolUnavailable: it has left a call without an answer since then.
        """
        if since <= self._unanswered:
            raise _told(TimeoutError())

    async def ask(self, *command: str | bytes | float) -> Any:
        """What the server says to one command.

        Raises:
            SpoolUnavailable: it does not answer.
        """
        self._check_open()
        return await self._ask(*command)

    async def ask_all(self, commands: Sequence[Sequence[str | bytes | float]]) -> list[Any]:
        """What it says to each, in one go.

        Raises:
            SpoolUnavailable: it does not answer.
        """
        self._check_open()
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return list(await pipeline.execute())
        except _TROUBLE as error:
            raise _told(error) from error

    async def close(self) -> None:
        """Close all connections; what comes then is refused until it is opened again."""
        self._is_open = False
        await self._pool.disconnect()

    def _check_open(self) -> None:
        """What is not known to be of use is not used, even where it answers by now."""
        if not self._is_open:
            raise SpoolUnavailable("stores.spool: the server is not open")

    async def _ask(self, *command: str | bytes | float) -> Any:
        try:
            return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except _TROUBLE as error:
            raise _told(error) from error

    async def _run(self, script: str, args: Sequence[str | bytes | float], *, again: bool) -> Any:
        try:
            return await self._scripts[script](keys=[self.base], args=args)
        except _BROKEN:
            if not again:
                raise
            return await self._scripts[script](keys=[self.base], args=args)

    async def _settings(self) -> Mapping[str, str]:
        """How the server is configured, as far as it says so: hosted ones often do not."""
        try:
            found = await self._redis.config_get("*")
        except ResponseError:
            return {}
        except _TROUBLE as error:
            raise _told(error) from error
        return {_text(name): _text(value) for name, value in found.items()}

    async def _check_key(self, seal: Seal) -> None:
        meta, mine = f"{self.base}meta", proof(seal)
        found = await self._ask("HGET", meta, "proof")
        if found is not None and not proves(seal, found):
            raise SpoolDamaged(
                "stores.spool: what is there was written with another key; nothing is lost, "
                "configure that one (stores.spool.key)"
            )
        if found is None or found[:1] != mine[:1]:
            await self._ask("HSET", meta, "proof", mine)


def _durability(settings: Mapping[str, str]) -> str:
    if not settings:
        return "redis-unknown"
    if settings.get("appendonly") == "yes":
        fsync = settings.get("appendfsync", "everysec")
        return f"redis-aof-{fsync}"
    return "redis-rdb" if settings.get("save") else "redis-memory"


def _told(error: Exception) -> SpoolUnavailable:
    if isinstance(error, OutOfMemoryError):
        return Refused("size")
    if _NO_DISK in str(error):
        return Refused("disk")
    return SpoolUnavailable(f"stores.spool: the server cannot be used: {type(error).__name__}")


def texts(said: list[Any]) -> list[str]:
    """What a script says, where it says texts."""
    return [bytes(one).decode() for one in said]


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
