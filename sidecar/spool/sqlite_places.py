"""The places that deliveries wait for, found by jumps over the index.

So it costs the same however many wait.
"""

import sqlite3
from collections.abc import Iterator

from sidecar.spool.values import Place

_NEXT_ROUTE = """
    SELECT upstream, route FROM deliveries INDEXED BY ready
    WHERE head = 1 AND state = 'queued' AND upstream = ? AND route > ? ORDER BY route LIMIT 1
"""
_NEXT_UPSTREAM = """
    SELECT upstream, route FROM deliveries INDEXED BY ready
    WHERE head = 1 AND state = 'queued' AND upstream > ? ORDER BY upstream, route LIMIT 1
"""


def places(connection: sqlite3.Connection) -> Iterator[Place]:
    """All of them, in the order of their names."""
    place = Place("", "")
    while True:
        found = (
            connection.execute(_NEXT_ROUTE, place).fetchone()
            or connection.execute(_NEXT_UPSTREAM, (place.upstream,)).fetchone()
        )
        if found is None:
            return
        place = Place(*found)
        yield place
