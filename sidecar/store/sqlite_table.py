"""The table of a SQLite store: aiohttp-client-cache's `SQLiteCache` with an end for each record.

Each statement is its own transaction, so a cancelled wait leaves nothing half-done. Knows SQL;
nothing of files, of damage, or of how long one may wait.
"""

import asyncio
import sqlite3
from collections.abc import Sequence

import aiosqlite
from aiohttp_client_cache.backends.sqlite import SQLiteCache

from sidecar.store import StoreUnavailable, serializer

_TABLE = "records"
_BATCH = 100
"""Rows that one statement throws out, so that a write waits for no more."""
_PINNED = 365 * 86400.0
"""Seconds; what ends later than that is never thrown out for want of room."""
_LOCKED = 2.0
"""Seconds that a statement waits while another process writes."""

_SETUP = (
    "PRAGMA auto_vacuum = INCREMENTAL",  # before the first table, or never
    "PRAGMA journal_mode = WAL",  # readers do not wait for the writer
    "PRAGMA synchronous = NORMAL",  # survives the end of the process; a power cut costs the last
    "PRAGMA journal_size_limit = 4194304",
    f"""CREATE TABLE IF NOT EXISTS {_TABLE}
        (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL)""",
    f"CREATE INDEX IF NOT EXISTS {_TABLE}_expires ON {_TABLE} (expires)",
)
# The table's name is ours, so nothing can be injected by it.
_GET = f"SELECT value, expires FROM {_TABLE} WHERE key = ?"  # noqa: S608
_GET_ALL = f"SELECT key, value, expires FROM {_TABLE} WHERE key IN (%s)"  # noqa: S608
_SET = f"INSERT OR REPLACE INTO {_TABLE} (key, value, expires) VALUES (?, ?, ?)"  # noqa: S608
_ADD = f"""
    INSERT INTO {_TABLE} (key, value, expires) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires
    WHERE {_TABLE}.expires <= ?
"""  # noqa: S608
_DELETE = f"DELETE FROM {_TABLE} WHERE key = ?"  # noqa: S608
_DELETE_EXPIRED = f"""
    DELETE FROM {_TABLE} WHERE rowid IN
    (SELECT rowid FROM {_TABLE} WHERE expires <= ? LIMIT {_BATCH})
"""  # noqa: S608
_DELETE_OLDEST = f"""
    DELETE FROM {_TABLE} WHERE rowid IN
    (SELECT rowid FROM {_TABLE} WHERE expires < ? ORDER BY rowid LIMIT {_BATCH})
"""  # noqa: S608
_COUNT = f"SELECT COUNT(*) FROM {_TABLE}"  # noqa: S608


class Table(SQLiteCache):
    """One connection to the table, with a thread of its own. Keep it referenced until closed."""

    def __init__(self, path: str) -> None:
        connection = aiosqlite.connect(path, timeout=_LOCKED, isolation_level=None)
        super().__init__(path, _TABLE, connection=connection, serializer=serializer)

    async def _init_db(self) -> None:
        for statement in _SETUP:
            await self._connection.execute_fetchall(statement)
        self._initialized = True

    async def open(self) -> None:
        """Connect, and make the table if it is not there.

        Raises:
            sqlite3.DatabaseError: the file cannot be used.
        """
        async with self.get_connection():
            pass

    async def close(self) -> None:
        """Close the connection, and see its thread end: it speaks to the loop until then."""
        thread = getattr(self._connection, "_thread", None)
        await super().close()  # type: ignore[no-untyped-call]
        if thread is not None and thread.is_alive():
            await asyncio.to_thread(thread.join, _LOCKED)

    async def get(self, key: str, now: float) -> bytes | None:
        """The value, unless it has expired."""
        rows = await self._fetch(_GET, key)
        if not rows or rows[0][1] <= now or not isinstance(rows[0][0], bytes):
            return None
        return rows[0][0]

    async def get_all(self, keys: Sequence[str], now: float) -> list[bytes | None]:
        """The values, each unless it has expired."""
        rows = await self._fetch(_GET_ALL % ",".join("?" * len(keys)), *keys)
        found = {key: value for key, value, expires in rows if expires > now}
        values = (found.get(key) for key in keys)
        return [value if isinstance(value, bytes) else None for value in values]

    async def version(self) -> int:
        """Another number when another connection has committed something.

        Source: sqlite.org/pragma.html, `data_version`.
        """
        return int((await self._fetch("PRAGMA data_version"))[0][0])

    async def set(self, key: str, value: bytes, expires: float) -> None:
        """Keep the value until `expires`."""
        await self._change(_SET, key, value, expires)

    async def add(self, key: str, value: bytes, expires: float, now: float) -> bool:
        """Keep the value if there is none, or an expired one: one statement, so atomic."""
        return await self._change(_ADD, key, value, expires, now) == 1

    async def delete(self, key: str) -> None:
        """Forget the key."""
        await self._change(_DELETE, key)

    async def delete_expired(self, now: float) -> int:
        """Throw out some of what has expired; how much."""
        return await self._change(_DELETE_EXPIRED, now)

    async def delete_oldest(self, now: float) -> int:
        """Throw out some of what was written first; how much."""
        return await self._change(_DELETE_OLDEST, now + _PINNED)

    async def shrink(self) -> None:
        """Give free pages back to the file system, up to 8 MiB of them.

        As a script: a single statement gives back one page only.
        """
        await self._live().executescript("PRAGMA incremental_vacuum(2048)")
        await self._fetch("PRAGMA wal_checkpoint(PASSIVE)")

    async def used(self) -> int:
        """Bytes of the pages in use."""
        pages, free, page = [
            int((await self._fetch(f"PRAGMA {name}"))[0][0])
            for name in ("page_count", "freelist_count", "page_size")
        ]
        return (pages - free) * page

    async def count(self) -> int:
        """How many records there are, expired ones included."""
        return int((await self._fetch(_COUNT))[0][0])

    async def _fetch(self, statement: str, *values: object) -> list[sqlite3.Row]:
        return list(await self._live().execute_fetchall(statement, values))

    async def _change(self, statement: str, *values: object) -> int:
        async with self._live().execute(statement, values) as cursor:
            return int(cursor.rowcount)

    def _live(self) -> aiosqlite.Connection:
        """The connection: not by `get_connection`, which warns of what is normal here."""
        if self._closed or not self._initialized:
            raise StoreUnavailable("not open")
        return self._connection
