"""Looks through the deliveries in the tables, by acceptance; changes none of them.

Each read looks at a bounded number of them, so that no other one waits for it.
"""

import sqlite3
from collections.abc import Collection
from functools import partial
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from sidecar.spool.records import Records, Unusable
from sidecar.spool.sqlite_access import Access
from sidecar.spool.sqlite_rows import SELECT, Row, outline, rows
from sidecar.spool.values import Delivery, State

_LOOK = 5000
"""How many rows a read looks at: some milliseconds."""


class Search(NamedTuple):
    """What is looked for."""

    states: Collection[State]
    """Any of these; none for all."""
    filters: dict[str, str]
    """Values by column."""
    newest_first: bool


async def find(
    access: Access, search: Search, *, records: Records, after: str | None, most: int
) -> list[Delivery]:
    """Those that match; one whose target cannot be read has none.

    Args:
        access: to read by.
        search: what is looked for.
        records: reads targets.
        after: the last id of the page before.
        most: how many.
    """
    found: list[Delivery] = []
    while len(found) < most:
        look = partial(_look, search=search, records=records, after=after, most=most - len(found))
        some, after = await access.read(look)
        found += some
        if after is None:
            break
    return found


def _look(
    connection: sqlite3.Connection,
    *,
    search: Search,
    records: Records,
    after: str | None,
    most: int,
) -> tuple[list[Delivery], str | None]:
    """The first that match of those that are looked at, and the last of these; None at the end."""
    states = tuple(dict.fromkeys(search.states)) or (None,)
    edge = None
    if search.filters:
        page = max(1, _LOOK // len(states))
        edges = [
            found[0]
            for state in states
            if (found := connection.execute(*_edge(search, state, after, page)).fetchone())
        ]
        edge = (max(edges) if search.newest_first else min(edges)) if edges else None
    found = [rows(connection.execute(*_page(search, state, after, edge, most))) for state in states]
    by_id = merge(*found, key=attrgetter("id"), reverse=search.newest_first)
    return [_outline(row, records) for row in islice(by_id, most)], edge


def _edge(
    search: Search, state: State | None, after: str | None, page: int
) -> tuple[str, tuple[object, ...]]:
    """Which one is the last of a page of all in this state, whether they match or not."""
    where, asked = _where(search, state, after, None)
    order = "DESC" if search.newest_first else "ASC"
    return (
        f"SELECT id FROM deliveries WHERE {where} ORDER BY id {order} LIMIT 1 OFFSET ?",  # noqa: S608 - names of ours
        (*asked, page - 1),
    )


def _page(
    search: Search, state: State | None, after: str | None, edge: str | None, most: int
) -> tuple[str, tuple[object, ...]]:
    """Those in this state that match, up to the edge."""
    where, asked = _where(search, state, after, edge)
    matching = [f"{column} = ?" for column in search.filters]
    order = "DESC" if search.newest_first else "ASC"
    return (
        f"{SELECT} WHERE {' AND '.join((where, *matching))} ORDER BY id {order} LIMIT ?",
        (*asked, *search.filters.values(), most),
    )


def _where(
    search: Search, state: State | None, after: str | None, edge: str | None
) -> tuple[str, list[object]]:
    asked: dict[str, object] = {}
    if state is not None:
        asked["state = ?"] = state
    if after is not None:
        asked["id < ?" if search.newest_first else "id > ?"] = after
    if edge is not None:
        asked["id >= ?" if search.newest_first else "id <= ?"] = edge
    return " AND ".join(("TRUE", *asked)), list(asked.values())


def _outline(row: Row, records: Records) -> Delivery:
    try:
        return outline(row, records)
    except Unusable:
        return outline(row._replace(target=records.target(row.id, "")), records)
