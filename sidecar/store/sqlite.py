"""A store in one SQLite file. One that is damaged is moved aside and begun anew.

Knows the file; its statements are in `sqlite_table.py`. How long one may wait for it, and how
often it is tried, is the guard's business.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sidecar.clock import Clock
from sidecar.store import StoreDamaged, StoreUnavailable
from sidecar.store.sqlite_table import Table
from sidecar.telemetry import logs
from sidecar.telemetry.store_stats import StoreStats

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SqliteFile:
    """A `Store` in a file; what it raises is for a guard to swallow.

    Reads and writes have a connection each, so that a read does not wait for a slow write.

    Args:
        path: the file; its directory is made.
        max_size: bytes of the file; `sweep` keeps it there.
        clock: its wall clock dates the records, since the file outlives the process.
        stats: counts what is thrown out.
    """

    def __init__(self, path: str, max_size: int, clock: Clock, stats: StoreStats) -> None:
        self._path = Path(path).absolute()
        self._max_size = max_size
        self._clock = clock
        self._stats = stats
        self._reader: Table | None = None
        self._writer: Table | None = None
        self._inode = 0
        self._damaged = False

    def __repr__(self) -> str:
        return f"<SqliteFile {self._path.name} {'open' if self._writer else 'closed'}>"

    async def open(self) -> None:
        """Connect if need be, to a new file if the old one is damaged; prove that it can be used.

        Raises:
            sqlite3.Error, OSError: it cannot.
        """
        if self._damaged:
            await self.close()
            self._replace()
        if self._writer is None:
            try:
                await self._connect()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._replace()
                await self._connect()
        async with self._table(self._writer) as table:
            await table.delete("probe")

    async def get(self, key: str) -> bytes | None:
        """What is kept under `key` and has not expired."""
        async with self._table(self._reader) as table:
            return await table.get(key, self._clock.wall())

    async def get_all(self, keys: Sequence[str]) -> list[bytes | None]:
        """What is kept under each key and has not expired."""
        async with self._table(self._reader) as table:
            return await table.get_all(keys, self._clock.wall())

    async def version(self) -> int:
        """Another number when another process has written to the file."""
        async with self._table(self._writer) as table:
            return await table.version()

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keep `value` for `ttl` seconds."""
        async with self._table(self._writer) as table:
            await table.set(key, value, self._clock.wall() + ttl)

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        """Keep `value` if nothing is there, or what is there has expired."""
        now = self._clock.wall()
        async with self._table(self._writer) as table:
            return await table.add(key, value, now + ttl, now)

    async def delete(self, key: str) -> None:
        """Forget what is there."""
        async with self._table(self._writer) as table:
            await table.delete(key)

    async def sweep(self) -> None:
        """Throw out what has expired, then the oldest until the file is small enough."""
        async with self._table(self._writer) as table:
            while await table.delete_expired(self._clock.wall()):
                pass
            while (size := await table.used()) > self._max_size:
                gone = await table.delete_oldest(self._clock.wall())
                self._stats.evicted += gone
                if not gone:
                    break
            await table.shrink()
            self._stats.bytes = size
            self._stats.entries = await table.count()

    async def close(self) -> None:
        """Close the file and end its threads."""
        tables, self._reader, self._writer = (self._reader, self._writer), None, None
        await _close(*tables)

    async def _connect(self) -> None:
        _make(self._path)
        self._inode = _inode(self._path)  # before: another process may replace what is damaged
        writer, reader = Table(str(self._path)), Table(str(self._path))
        try:
            await writer.open()
            await reader.open()
        except BaseException:
            await _close(writer, reader)
            raise
        self._writer, self._reader = writer, reader

    @asynccontextmanager
    async def _table(self, table: Table | None) -> AsyncIterator[Table]:
        """The connection; damage that shows is remembered for the next `open`."""
        if table is None or self._damaged:
            raise StoreUnavailable("not open")
        try:
            yield table
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._damaged = True
            self._stats.failed("damaged")
            raise StoreDamaged("the file is damaged") from error

    def _replace(self) -> None:
        """Move the damaged file aside, unless another process has done so; only the last is kept.

        Without its log of changes, which would be taken for that of the new file.
        """
        if self._inode == _inode(self._path):
            aside = Path(f"{self._path}.corrupt")
            for suffix in ("-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            self._path.replace(aside)
            logs.event("store_corrupt", "warning", store="sqlite", moved_to=aside.name)
        self._damaged = False


def _make(path: Path) -> None:
    """Others cannot read a new file; what SQLite lays beside it has the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _is_damage(error: BaseException) -> bool:
    """By SQLite's primary result code; an error that did not come from SQLite has none."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGED


def _inode(path: Path) -> int:
    """Which file is there; 0 for none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


async def _close(*tables: Table | None) -> None:
    """Close each, whatever the others do: they are given up either way."""
    closing = (table.close() for table in tables if table is not None)
    await asyncio.gather(*closing, return_exceptions=True)
