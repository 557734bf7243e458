"""The file of a spool: made so that it survives a power cut, looked through before it is used.

Never repairs, moves or empties anything: what cannot be read is for people. Knows no deliveries.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sidecar.spool import SpoolDamaged, SpoolUnavailable
from sidecar.spool.sealing import Seal, proof, proves
from sidecar.spool.sqlite_schema import NotOurs, connect

_CHECKED = 64 * 1024 * 1024
"""Bytes up to which the whole file is looked through at start; a second, at most."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CACHE = 2 * 1024 * 1024


def prepare(path: Path, seal: Seal) -> int:
    """Make the file and its tables if they are not there, and check it. Its inode.

    Raises:
        SpoolDamaged: it cannot be read, or not with this key, or is not a spool.
        SpoolUnavailable: it cannot be made or written.
    """
    try:
        _make(path)
        with closing(connect(path, _CACHE)) as connection:
            if path.stat().st_size <= _CHECKED:
                _look_through(connection)
            _check_key(connection, seal)
        return path.stat().st_ino
    except (sqlite3.Error, OSError) as error:
        raise told(error, path.name) from error


def told(error: Exception, name: str = "the file") -> SpoolUnavailable:
    """The error of a spool that stands for an error of SQLite, or of the file system."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    if isinstance(error, NotOurs):
        return SpoolDamaged(f"stores.spool: {name}: {error}")
    if code & 0xFF in _DAMAGED:
        return SpoolDamaged(
            f"stores.spool: {name} is damaged ({error}); it is left as it is. Move it and its "
            "-wal away to start anew, or get out of it what can be read: sqlite3 FILE .recover"
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SpoolUnavailable(f"stores.spool: {name} cannot be used: {reason}")


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name of the file is on the disk, too
    finally:
        os.close(folder)


def _look_through(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(str(found).splitlines()[0])
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _check_key(connection: sqlite3.Connection, seal: Seal) -> None:
    """Refuse another key than the one that was used; leave a proof of this one."""
    found = connection.execute("SELECT value FROM marks WHERE name = 'proof'").fetchone()
    if found is not None and not proves(seal, bytes(found[0])):
        raise SpoolDamaged(
            "stores.spool: what is there was written with another key; nothing is lost, "
            "configure that one (stores.spool.key)"
        )
    mine = proof(seal)
    if found is None or bytes(found[0])[:1] != mine[:1]:
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('proof', ?)", (mine,))
