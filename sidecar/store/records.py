"""Stored responses as bytes and back, in the store's own format.

What comes back is checked piece by piece: a record that somebody else wrote is a miss. Of the
request nothing is written but its method and path.
"""

import math
import re
from typing import NamedTuple

from sidecar.core.cache.generations import Tags
from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.exchange import RawHeaders
from sidecar.store.serializer import Plain, Unreadable, dumps, loads

_ENTRY = "entry"
_SELECTOR = "vary"
_FORBIDDEN = re.compile(rb"[\r\n\0]")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Record(NamedTuple):
    """What was stored, and by whom."""

    value: Entry | tuple[bytes, ...]
    """An entry, or the names in `Vary` that stand in its place."""
    epoch: str
    """Whose generations the entry's tags are."""


def encode(value: Entry | tuple[bytes, ...], epoch: str) -> bytes:
    """The bytes of a record."""
    if not isinstance(value, Entry):
        return dumps([_SELECTOR, epoch, list(value)])
    head, plan = value.head, value.plan
    return dumps(
        [
            _ENTRY,
            epoch,
            head.status,
            head.reason,
            [part for field in head.headers for part in field],
            value.body,
            value.received_at,
            [*plan[:6], list(plan.vary), plan.keep],
            [part for tag in value.tags for part in tag],
            value.method,
            value.upstream,
            value.path,
            value.cost,
        ]
    )


def decode(data: bytes) -> Record | None:
    """What was encoded; None for anything else."""
    try:
        kind, epoch, *parts = loads(data)
        if kind == _SELECTOR:
            (names,) = parts
            return Record(tuple(_all_bytes(names)), _text(epoch))
        return Record(_entry(parts), _text(epoch)) if kind == _ENTRY else None
    except (Unreadable, ValueError, TypeError, OverflowError):
        return None


def _entry(parts: list[Plain]) -> Entry:
    status, reason, headers, body, received_at, plan, tags, method, *rest = parts
    upstream, path, cost = rest
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise TypeError("status")
    return Entry(
        head=Head(status, _line(reason), _fields(headers)),
        body=_bytes(body),
        received_at=_number(received_at),
        plan=_plan(plan),
        tags=_tags(tags),
        method=_text(method),
        upstream=_text(upstream),
        path=_text(path),
        cost=_number(cost),
    )


def _plan(value: Plain) -> Plan:
    lifetime, age, stale_while, stale_error, ask_first, never_stale, vary, keep = _list(value)
    return Plan(
        _number(lifetime),
        _number(age),
        _number(stale_while),
        _number(stale_error),
        ask_first is True,
        never_stale is not False,
        tuple(_all_bytes(vary)),
        _number(keep),
    )


def _fields(value: Plain) -> RawHeaders:
    parts = [_line(part) for part in _list(value)]
    fields = list(zip(parts[::2], parts[1::2], strict=True))
    if not all(_NAME.fullmatch(name) for name, _ in fields):
        raise ValueError("no field name")
    return fields


def _tags(value: Plain) -> Tags:
    parts = _list(value)
    return tuple(
        (_text(tag), int(_number(generation)))
        for tag, generation in zip(parts[::2], parts[1::2], strict=True)
    )


def _list(value: Plain) -> list[Plain]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _all_bytes(value: Plain) -> list[bytes]:
    return [_bytes(each) for each in _list(value)]


def _bytes(value: Plain) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("no bytes")
    return value


def _line(value: Plain) -> bytes:
    """Bytes of a head: a record must not be able to break out of it."""
    found = _bytes(value)
    if _FORBIDDEN.search(found):
        raise ValueError("a line break in a head")
    return found


def _text(value: Plain) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: Plain) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no number")
    if not math.isfinite(value):
        raise ValueError("no instant and no duration")
    return float(value)
