"""How `sidecar tap` words an exchange. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sidecar.core.summary_rows import seconds
from sidecar.telemetry.colour import Hue, paint

_WORTH_SAYING = 0.001
"""Seconds of waiting from which it is said."""


def line(each: Mapping[str, Any], *, colour: bool) -> str:
    """`12:03:44.123 200  12ms GET supabase/rest /rest/v1/x?id=*  2 attempts, backoff 100ms`.

    Args:
        each: as `GET /admin/exchanges` has it.
        colour: whether there is any.
    """
    when = datetime.fromtimestamp(each["at"]).astimezone()
    time = f"{when:%H:%M:%S}.{when.microsecond // 1000:03d}"
    status, took = str(each["status"]), f"{seconds(each['duration']):>5}"
    where = each["upstream"] if each["route"] == "-" else f"{each['upstream']}/{each['route']}"
    notes = ", ".join(_notes(each))
    if colour:
        time, status = paint(time, "dim"), paint(status, _hue(each))
        notes = paint(notes, "dim") if notes else ""
    shown = f"{time} {status} {took} {each['method']} {where} {each['target']}"
    return f"{shown}  {notes}" if notes else shown


def _notes(each: Mapping[str, Any]) -> Iterable[str]:
    """What is not as usual."""
    if each["error"]:
        yield str(each["error"])
    if each["client_left"]:
        yield "the client left"
    if each["source"] == "cache":
        yield f"cache {each['cache'] or ''}".rstrip()
    if each["attempts_made"] > 1:
        tries = ", ".join(_try(one) for one in each["attempts"])
        yield f"{each['attempts_made']} attempts ({tries})" if tries else "several attempts"
    for name, waited in each["waits"].items():
        if waited >= _WORTH_SAYING:
            yield f"{name} {seconds(waited)}"


def _try(one: Mapping[str, Any]) -> str:
    return str(one["error"] or one["status"] or "under way")


def _hue(each: Mapping[str, Any]) -> Hue:
    if each["status"] >= 500 or (each["error"] and not each["client_left"]):
        return "red"
    return "yellow" if each["status"] >= 400 else "green"
