"""A connection that only reads, in a thread of its own: nobody who looks waits for the disk.

Knows nothing of what is read.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sidecar.spool.sqlite_schema import connect

T = TypeVar("T")

_CACHE = 2 * 1024 * 1024


class Reader:
    """The connection; it is made when it is needed, and made anew after an error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "spool reader")
        self._connection: sqlite3.Connection | None = None

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns; all that it reads is of one moment.

        Raises:
            sqlite3.Error, OSError: it cannot be read.
            Exception: what `work` raises.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown(wait=False)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = connect(self._path, _CACHE)
        try:
            self._connection.execute("BEGIN")
            found = work(self._connection)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, OSError):
            self._drop()
            raise
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        return found

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
