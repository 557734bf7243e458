"""Looks through the deliveries in a Redis server, by acceptance; changes none of them.

Each question looks at a bounded number of them, so that no other command waits for it.
"""

import secrets
from collections.abc import Collection
from heapq import merge

from sidecar.spool.records import Records, Unusable
from sidecar.spool.redis_rows import OUTLINE, outline
from sidecar.spool.redis_server import Refused, SpoolServer, texts
from sidecar.spool.values import Delivery, State

_PAGE = 200
_LOOK = 500
"""How many a question looks at: they cost the server some two milliseconds."""


async def find(
    server: SpoolServer,
    *,
    records: Records,
    states: Collection[State],
    filters: dict[str, str],
    after: str | None,
    most: int,
    newest_first: bool,
) -> list[Delivery]:
    """Those that match; one that cannot be read is passed over.

    Args:
        server: to read from.
        records: reads targets.
        states: any of these; none for all.
        filters: values by field.
        after: the last id of the page before.
        most: how many.
        newest_first: in which order.
    """
    wanted = list(dict.fromkeys(states))
    sets = [f"state:{state}" for state in wanted] or ["all"]
    if filters:
        sets = await _smallest(server, sets, filters)
    asked: tuple[str | int, ...]
    asked = (filters.get("upstream", ""), filters.get("route", ""), len(sets), *sets, *wanted)
    found: list[Delivery] = []
    while sets and len(found) < most:
        left = most - len(found)
        said = await server.run(
            "sift", "1" if newest_first else "", after or "", left, _LOOK, *asked, again=True
        )
        ids, after = _together([texts(one) for one in said], left, newest_first)
        for start in range(0, len(ids), _PAGE):
            found += await _matching(server, records, ids[start : start + _PAGE], states, filters)
        if after is None:
            break
    return found


def _together(said: list[list[str]], most: int, newest_first: bool) -> tuple[list[str], str | None]:
    """The first ids of what was said of each set, and after which one to go on; None at the end.

    Beyond the nearest one at which the look at a set has ended, some of that set may be missing.
    """
    ends = [end for end, *_ in said if end]
    edge = (max(ends) if newest_first else min(ends)) if ends else None
    ids = [
        one
        for one in merge(*(ids for _, *ids in said), reverse=newest_first)
        if edge is None or (one >= edge if newest_first else one <= edge)
    ]
    return (ids[:most], ids[most - 1]) if len(ids) > most else (ids, edge)


async def _smallest(server: SpoolServer, sets: list[str], filters: dict[str, str]) -> list[str]:
    """Of the sorted sets that have all that is looked for, those that have the least beside it."""
    try:
        await _file(server)
    except Refused:
        return sets  # it has no room to write, and can be read all the same
    places = texts(await server.ask("SMEMBERS", f"{server.base}of"))
    upstream, route = filters.get("upstream"), filters.get("route")
    by_place = [
        f"of:{place}"
        for place in places
        if upstream in (None, place.partition("/")[0]) and route in (None, place.partition("/")[2])
    ]
    names = by_place + sets
    said = await server.ask_all([["ZCARD", f"{server.base}{name}"] for name in names])
    sizes = dict(zip(names, said, strict=True))
    return min(by_place, sets, key=lambda some: sum(sizes[name] for name in some))


async def _file(server: SpoolServer) -> None:
    """Have all found by where they go, where a sidecar of an earlier version has added some."""
    filed, filing, cursor = await server.ask(
        "HMGET", f"{server.base}meta", "filed", "filing", "cursor"
    )
    if filing is None and filed == cursor:
        return
    who, said = secrets.token_hex(8), b""
    while said := await server.run("file", who, said, _PAGE, again=True):
        pass


async def _matching(
    server: SpoolServer,
    records: Records,
    ids: list[str],
    states: Collection[State],
    filters: dict[str, str],
) -> list[Delivery]:
    commands = [["HMGET", f"{server.base}d:{one}", *OUTLINE] for one in ids]
    found: list[Delivery] = []
    for values in await server.ask_all(commands) if commands else []:
        named = {
            name.encode(): value
            for name, value in zip(OUTLINE, values, strict=True)
            if value is not None
        }
        try:
            delivery = outline(named, records)
        except Unusable:  # or it is gone since
            continue
        if (not states or delivery.state in states) and all(
            getattr(delivery, name) == value for name, value in filters.items()
        ):
            found.append(delivery)
    return found
