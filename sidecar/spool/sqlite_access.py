"""How the spool in a file reaches it: writes share commits, reads have a thread of their own.

Turns what SQLite raises into the errors of spools, and undoes what nobody waits for any more.
"""

import sqlite3
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from sidecar.spool.kept import kept
from sidecar.spool.records import Unusable
from sidecar.spool.sqlite_commits import Closed, Commits
from sidecar.spool.sqlite_file import told
from sidecar.spool.sqlite_reader import Reader
from sidecar.spool.sqlite_session import SqliteSession
from sidecar.spool.values import SpoolDamaged, SpoolUnavailable

T = TypeVar("T")


class Undo(Protocol):
    """Undoes something, in a transaction."""

    def __call__(self, session: SqliteSession, *, ids: Collection[str]) -> object:
        """For these."""
        ...


class Access:
    """Both threads.

    Args:
        path: the file.
        session: makes a connection that writes.
    """

    def __init__(self, path: Path, session: Callable[[], SqliteSession]) -> None:
        self._commits = Commits(session)
        self._reader = Reader(path)
        self._commits.start()

    @property
    def commits(self) -> int:
        """How many transactions were committed."""
        return self._commits.commits

    async def close(self) -> None:
        """Do what was asked for, and end the threads; idempotent."""
        await self._commits.close()
        await self._reader.close()

    async def write(self, work: Callable[[SqliteSession], T], size: int = 0) -> T:
        """What `work` returns, once it is on the disk; `size`: bytes that it writes, if many.

        Raises:
            SpoolUnavailable: it could not be done; its cause is the error of SQLite.
        """
        try:
            return await self._commits.do(work, size)
        except Closed:
            raise closed() from None
        except (sqlite3.Error, OSError) as error:
            raise told(error) from error
        except Unusable as error:
            raise _unreadable(error) from error

    async def kept(
        self,
        work: Callable[[SqliteSession], T],
        ids: Callable[[T], Collection[str]],
        undo: Undo,
    ) -> T:
        """As `write`; where the wait is cancelled, `undo` is done with the ids of what it made."""

        def give_back(made: T) -> None:
            found = ids(made)
            if found:
                self._commits.post(partial(undo, ids=found))

        return await kept(self.write(work), give_back)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns.

        Raises:
            SpoolUnavailable: it could not be read.
        """
        try:
            return await self._reader.do(work)
        except (sqlite3.Error, OSError) as error:
            raise told(error) from error
        except Unusable as error:
            raise _unreadable(error) from error


def closed() -> SpoolUnavailable:
    """What is raised where nothing is open."""
    return SpoolUnavailable("the spool is closed")


def is_full(error: SpoolUnavailable) -> bool:
    """Whether there was no room on the disk."""
    code: int = getattr(error.__cause__, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_FULL


def _unreadable(error: Unusable) -> SpoolDamaged:
    return SpoolDamaged(f"a delivery cannot be read: {error}")
