"""Learns from the log of an earlier run: its JSON lines of exchanges. Knows no files.

A log has no operands, no orders, no answers and no callers, so there is less to be learnt from it:
nothing of repeated answers, of rows of calls, or of what follows what.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from sidecar.core.advice import Asked, Learnt
from sidecar.core.advice.shape import shape_of
from sidecar.exchange import Request
from sidecar.telemetry import redact
from sidecar.telemetry.record import Record

_TOO_MANY = 429
_WAITS = ("pool_wait", "backoff", "held", "paced", "queued")


def learn_from(lines: Iterable[str]) -> Learnt:
    """What the lines tell; those that are of no exchange, or that nobody can read, tell nothing."""
    learnt = Learnt()
    for line in lines:
        fields = _fields(line)
        if fields is not None:
            _see(learnt, fields)
    return learnt


def _fields(line: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_exchange = isinstance(found, dict) and found.get("event") == "exchange"
    return found if is_exchange else None


def _see(learnt: Learnt, fields: Mapping[str, Any]) -> None:
    try:
        record = _record(fields)
    except (KeyError, TypeError, ValueError, OverflowError):
        return
    request = Request(record.method, record.target, [])
    names = (record.upstream, record.route)
    learnt.see(Asked(*names, shape_of(request, redact.is_secret), 0, 0), record, None)
    if record.source == "upstream":
        refused = record.status == _TOO_MANY
        ended = record.started_wall + record.duration
        learnt.counted(names, ended, accepted=not refused, refused=refused)


def _record(fields: Mapping[str, Any]) -> Record:
    first, error = _seconds(fields, "first_byte"), fields["error"]
    return Record(
        id="",
        upstream=str(fields["upstream"]),
        route=str(fields["route"]),
        method=str(fields["method"]),
        target=str(fields["target"]),
        status=int(fields["status"]),
        error=None if error is None else str(error),
        source=fields["source"],
        attempts=int(fields["attempts"]),
        started_wall=datetime.fromisoformat(fields["time"]).timestamp(),
        duration=_seconds(fields, "duration"),
        pool_wait=_seconds(fields, "pool_wait"),
        dial=_seconds(fields, "dial"),
        first_byte=first,
        at_upstream=max(0.0, first - sum(_seconds(fields, name) for name in _WAITS)),
    )


def _seconds(fields: Mapping[str, Any], name: str) -> float:
    found = float(fields[name])
    if not isfinite(found):  # JSON has neither NaN nor infinity; Python reads both
        raise ValueError(name)
    return found
