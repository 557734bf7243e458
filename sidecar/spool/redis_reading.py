"""Figures, events and answers of a spool in a Redis server. Changes nothing."""

from collections.abc import Mapping
from typing import Any

from sidecar.spool.redis_rows import instant
from sidecar.spool.redis_server import SpoolServer
from sidecar.spool.values import (
    STATES,
    Added,
    Addition,
    Duplicate,
    Event,
    Events,
    Figures,
    Full,
    Place,
    State,
)


def addition(said: Any, delivery_id: str) -> Addition:
    """What became of a delivery that was to be added."""
    match said:
        case [b"duplicate", bytes(earlier), fingerprint]:
            return Duplicate(earlier.decode(), (fingerprint or b"").decode())
        case [b"full", what]:
            return Full("deliveries" if what == b"deliveries" else "size")
    return Added(delivery_id)


async def figures(server: SpoolServer, now: float) -> Figures:
    """How much there is."""
    said = await server.ask_all(
        [
            *(["ZCARD", f"{server.base}state:{state}"] for state in STATES),
            ["HGET", f"{server.base}meta", "bytes"],
        ]
    )
    first = await server.run("oldest", instant(now), again=True)
    return Figures(
        counts={state: int(count) for state, count in zip(STATES, said, strict=False)},
        bytes=int(said[-1] or 0),
        oldest_due=None if first is None else max(0.0, now - float(first)),
    )


async def is_waiting(server: SpoolServer, upstream: str, lane: str) -> bool:
    """Whether something of the upstream, or of this lane where one is named, is unfinished."""
    if lane:
        return bool(await server.ask("EXISTS", f"{server.base}lane:{lane}"))
    return bool(await server.run("waiting", upstream, again=True))


async def is_known(server: SpoolServer, place: Place, dedup: str, now: float) -> bool:
    """Whether a delivery has this key still; in two steps, the second one where there is one."""
    name = f"{server.base}dedup:{place.upstream}/{place.route}:{dedup}"
    earlier = await server.ask("GET", name)
    if earlier is None:
        return False
    until = await server.ask("HGET", f"{server.base}d:{earlier.decode()}", "dedup_until")
    return until is not None and float(until) > now


async def events_after(server: SpoolServer, cursor: int, most: int) -> Events:
    """Changes in order."""
    found, newest = await server.ask_all(
        [
            ["XRANGE", f"{server.base}events", f"{cursor + 1}-0", "+", "COUNT", most],
            ["HGET", f"{server.base}meta", "cursor"],
        ]
    )
    events = [_event(entry, values) for entry, values in found]
    last = int(newest or 0)
    first = events[0].cursor if events else last + 1
    return Events(events, events[-1].cursor if events else last, first != cursor + 1)


def _event(entry: bytes, values: Mapping[bytes, bytes] | list[Any]) -> Event:
    flat = (
        iter(values.items())
        if isinstance(values, Mapping)
        else zip(values[::2], values[1::2], strict=True)
    )
    named = {bytes(name).decode(): bytes(value).decode() for name, value in flat}
    state: State = named["state"]  # type: ignore[assignment]
    return Event(
        int(entry.partition(b"-")[0]),
        float(named["at"]),
        named["id"],
        named["upstream"],
        named["route"],
        state,
        named["reason"],
        int(named["attempts"]),
    )
