"""A connection that writes, with what goes with each transaction: counts, turns, events, claims.

Knows tables and the file; the rules by which deliveries change are in the modules that use it.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sidecar.spool.claims import Claims
from sidecar.spool.reserve import Reserve
from sidecar.spool.sqlite_rows import Row
from sidecar.spool.sqlite_schema import connect, used_bytes
from sidecar.spool.values import STATES, State

_CACHE = 8 * 1024 * 1024
_TICK = 1e-6
_SHRINK = 1024
"""Free pages of 4 KiB: what is kept for what comes next, and what is given back at a time."""
MOST_EVENTS = 100_000
"""How many changes are remembered at most."""


class Gone(OSError):
    """The file was removed or replaced while it was in use: what is written now would be lost."""


class SqliteSession:
    """One connection that writes.

    Args:
        path: the file.
        inode: which file it was when the spool was opened.
        claims: what this process has in hand; follows the transactions.
        reserve: room on the disk for what is under way.
        most_events: how many changes are remembered.
    """

    def __init__(
        self,
        path: Path,
        inode: Callable[[], int],
        claims: Claims,
        reserve: Reserve,
        most_events: int = MOST_EVENTS,
    ) -> None:
        self._path = path
        self._inode = inode
        self._most_events = most_events
        self.claims = claims
        self.reserve = reserve
        self.connection = connect(path, _CACHE)
        self._counted: dict[State, int] = {}
        self._turn: float | None = None
        self._events = 0
        self._shrunk = False

    def begin(self) -> None:
        """Begin a transaction in which nobody else writes.

        Raises:
            Gone: the file is not there any more.
            sqlite3.Error: it cannot be written.
        """
        self._check_file()
        self.connection.execute("BEGIN IMMEDIATE")
        self._forget_transaction()

    def commit(self) -> None:
        """Write down what was counted, and make all of it durable."""
        for state, change in self._counted.items():
            if change:
                self.connection.execute(
                    "INSERT INTO totals (state, count) VALUES (?, ?)"
                    " ON CONFLICT (state) DO UPDATE SET count = count + excluded.count",
                    (state, change),
                )
        if self._turn is not None:
            self.mark("turn", self._turn)
        if self._events > self._most_events:
            oldest = self._events - self._most_events
            self.connection.execute("DELETE FROM events WHERE cursor <= ?", (oldest,))
        self.connection.execute("COMMIT")
        self.claims.commit()

    def rollback(self) -> None:
        """As if the transaction had not been begun."""
        self.claims.rollback()
        with suppress(sqlite3.Error):
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def shrink(self) -> None:
        """Give free pages back to the file system; once in a transaction, a few MiB at most."""
        free = self.connection.execute("PRAGMA freelist_count").fetchone()[0]
        if free > 2 * _SHRINK and not self._shrunk:
            self._shrunk = True
            self.connection.execute(f"PRAGMA incremental_vacuum({_SHRINK})").fetchall()

    def full(self) -> bool:
        """Give up the reserve, and work off the log of changes; whether that made room."""
        if not self.reserve.kept:
            return False
        self.reserve.give_up()
        with suppress(sqlite3.Error):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return True

    def close(self) -> None:
        """Close the connection."""
        with suppress(sqlite3.Error):
            self.connection.close()

    def count(self, state: State, change: int = 1) -> None:
        """There are so many more in this state."""
        self._counted[state] = self._counted.get(state, 0) + change

    def counts(self) -> dict[State, int]:
        """How many there are in each state, this transaction included."""
        found = dict(self.connection.execute("SELECT state, count FROM totals").fetchall())
        return {state: found.get(state, 0) + self._counted.get(state, 0) for state in STATES}

    def used(self) -> int:
        """Bytes in use in the file, this transaction included."""
        return used_bytes(self.connection)

    def turn(self, now: float) -> float:
        """The next place in any lane: after all that were given out, whatever the clock says."""
        self._turn = max(now, self.last_turn() + _TICK)
        return self._turn

    def last_turn(self) -> float:
        """The place that was given out last."""
        if self._turn is not None:
            return self._turn
        last = self.marked("turn")
        return last if isinstance(last, float) else 0.0

    def marked(self, name: str) -> object:
        """What was written under a name; None for nothing."""
        found = self.connection.execute("SELECT value FROM marks WHERE name = ?", (name,))
        row = found.fetchone()
        return None if row is None else row[0]

    def mark(self, name: str, value: float | bytes) -> None:
        """Write it under a name."""
        self.connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))

    def event(self, row: Row, at: float, state: State, reason: str, attempts: int) -> None:
        """Remember a change of state."""
        self._events = (
            self.connection.execute(
                "INSERT INTO events (at, id, upstream, route, state, reason, attempts)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (at, row.id, row.upstream, row.route, state, reason, attempts),
            ).lastrowid
            or 0
        )

    def _check_file(self) -> None:
        try:
            found = os.stat(self._path).st_ino  # noqa: PTH116 - for each commit: the cheap one
        except FileNotFoundError:
            found = 0
        if found != self._inode():
            raise Gone("the file of the spool was removed or replaced")

    def _forget_transaction(self) -> None:
        self._counted = {}
        self._turn = None
        self._events = 0
        self._shrunk = False
