"""The tables of a spool in SQLite, and how a connection to them is set up.

Small rows that say how each delivery stands; what is large is beside them, so that looking
through many is cheap. Knows SQL; nothing of threads.

`due`        when it may be taken; with `immediate`, at once, also where the clock went back: then
             it is no later than the last `turn` that was given out
`turn`       its place in the lane, with `seq` among equals
`head`       whether it is the one of its lane that may be taken (always, without a lane)
`fences`     how often it was fenced, or changed while it waited: so it is known who sent it last,
             and who has it in hand as it was
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote

VERSION = 1
_APPLICATION = 0x53504F4C  # "SPOL": no other program's database is taken for a spool

_CONNECTION = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA synchronous = FULL",  # each commit is on the disk before it is done
    "PRAGMA fullfsync = ON",  # on macOS, where fsync alone is not enough
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA journal_size_limit = 4194304",
    "PRAGMA wal_autocheckpoint = 500",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
    "PRAGMA trusted_schema = OFF",
)

# Files of earlier versions have an index `lane_ids`, too. It is of no use here, and is left there:
# such a version that shares the file, or is gone back to, asks by its name.
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    upstream TEXT NOT NULL,
    route TEXT NOT NULL,
    lane TEXT NOT NULL,
    method TEXT NOT NULL,
    target BLOB NOT NULL,
    size INTEGER NOT NULL,
    accepted_at REAL NOT NULL,
    due REAL NOT NULL,
    immediate INTEGER NOT NULL,
    turn REAL NOT NULL,
    head INTEGER NOT NULL,
    expires_at REAL NOT NULL,
    dedup TEXT,
    dedup_until REAL NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    fences INTEGER NOT NULL,
    reason TEXT NOT NULL,
    updated_at REAL NOT NULL,
    note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS requests (seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS answers (seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    id TEXT NOT NULL,
    upstream TEXT NOT NULL,
    route TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS totals (state TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS same ON deliveries (upstream, route, dedup)
    WHERE dedup IS NOT NULL;
CREATE INDEX IF NOT EXISTS ready ON deliveries (upstream, route, due, seq)
    WHERE head = 1 AND state = 'queued';
CREATE INDEX IF NOT EXISTS lanes ON deliveries (lane, turn, seq)
    WHERE lane <> '' AND state IN ('queued', 'sending');
CREATE INDEX IF NOT EXISTS heads ON deliveries (lane)
    WHERE head = 1 AND lane <> '' AND state IN ('queued', 'sending');
CREATE INDEX IF NOT EXISTS states ON deliveries (state, id);
CREATE INDEX IF NOT EXISTS ending ON deliveries (expires_at) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS finished ON deliveries (state, updated_at)
    WHERE state IN ('delivered', 'failed', 'expired', 'discarded');
PRAGMA user_version = {version};
PRAGMA application_id = {application};
COMMIT;
"""


class NotOurs(sqlite3.DatabaseError):
    """The file is a database of another program, or of a later version of this one."""


def connect(path: Path, cache: int) -> sqlite3.Connection:
    """A connection to the file with the tables in it, made where they are not there.

    Args:
        path: the file, which must be there.
        cache: bytes of pages that the connection keeps in memory.

    Raises:
        sqlite3.Error: it cannot be used.
    """
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=5.0,
    )
    try:
        _set_up(connection, cache)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, cache: int) -> None:
    application, version = (
        _pragma(connection, "application_id"),
        _pragma(connection, "user_version"),
    )
    if application != _APPLICATION:
        if application or version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise NotOurs("the file is a database of another program")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table, or never
        connection.execute("PRAGMA journal_mode = WAL")
    elif version > VERSION:
        raise NotOurs("the file was written by a later version")
    for statement in _CONNECTION:
        connection.execute(statement)
    connection.execute(f"PRAGMA cache_size = -{cache // 1024}")
    if (application, version) != (_APPLICATION, VERSION):
        connection.executescript(_TABLES.format(version=VERSION, application=_APPLICATION))


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the pages in use, without those that can be used again."""
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
