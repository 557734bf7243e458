"""Looks through the deliveries in a Redis server, page by page. Changes nothing."""

from collections.abc import Collection
from heapq import merge

from sidecar.spool.records import Records, Unusable
from sidecar.spool.redis_rows import OUTLINE, outline
from sidecar.spool.redis_server import SpoolServer, texts
from sidecar.spool.values import Delivery, State

_PAGE = 200


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
    found: list[Delivery] = []
    last = after
    while len(found) < most:
        ids = await _page(server, states, last, newest_first)
        found += await _matching(server, records, ids, states, filters)
        if len(ids) < _PAGE:
            break
        last = ids[-1]
    return found[:most]


async def _page(
    server: SpoolServer, states: Collection[State], after: str | None, newest_first: bool
) -> list[str]:
    """The next ids of these states, a page of them."""
    names = [f"state:{state}" for state in dict.fromkeys(states)] or ["all"]
    edge = "-" if after is None else f"({after}"
    command, first, last = "ZRANGEBYLEX", edge, "+"
    if newest_first:
        command, first, last = "ZREVRANGEBYLEX", "+" if after is None else edge, "-"
    pages = await server.ask_all(
        [[command, f"{server.base}{name}", first, last, "LIMIT", 0, _PAGE] for name in names]
    )
    ids = list(merge(*map(texts, pages), reverse=newest_first))
    return ids[:_PAGE]


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
