"""One log line from a record or an event: text for people, JSON for machines. Pure.

Everything shown is redacted here. JSON keys are a public interface: docs/operations.md lists them.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from sidecar.config.log import LogLevel
from sidecar.telemetry import redact
from sidecar.telemetry.colour import Hue, paint
from sidecar.telemetry.record import Record
from sidecar.trail import Tried

Scalar: TypeAlias = str | int | float | bool | None
Level: TypeAlias = LogLevel

COLUMNS = 100
MAX_ID = 64
MAX_METHOD = 16
"""Characters of what a caller may make as long as it likes."""
_MIN_TARGET = 24
_HUES: Mapping[str, Hue] = {"warning": "yellow", "error": "red"}
_BOOLEAN = {True: "true", False: "false"}
_quote = json.dumps
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def timestamp(wall: float) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-11-22T20:51:17.123Z`."""
    second = int(wall)
    return f"{_second(second)}.{min(999, round((wall - second) * 1000)):03d}Z"


@lru_cache(maxsize=8)
def _second(wall: int) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat()[:19]


def level_of(record: Record) -> Level:
    """`warning` when the sidecar or the upstream failed, `info` otherwise.

    An upstream's 4xx is an answer, and a client that leaves is not a failure.
    """
    failed = record.error is not None and not record.client_closed
    return "warning" if failed or record.status >= 500 else "info"


def exchange_json(record: Record, level: Level) -> str:
    """The line of one exchange as a JSON object. Written out: this is the hot path."""
    error = _quote(record.error) if record.error else "null"
    return (
        f'{{"time":"{timestamp(record.started_wall)}","level":"{level}","event":"exchange"'
        f',"id":{_quote(redact.printable(record.id, MAX_ID))}'
        f',"upstream":"{record.upstream}","route":"{record.route}"'
        f',"method":{_quote(redact.printable(record.method, MAX_METHOD))}'
        f',"target":{_quote(redact.target(record.target))}'
        f',"status":{record.status},"source":"{record.source}","error":{error}'
        f',"attempts":{record.attempts},"duration":{record.duration:.6f}'
        f',"first_byte":{record.first_byte:.6f},"pool_wait":{record.pool_wait:.6f}'
        f',"backoff":{record.backoff:.6f},"held":{record.held:.6f}'
        f',"paced":{record.paced:.6f},"queued":{record.queued:.6f}'
        f',"dial":{record.dial:.6f},"reused":{_BOOLEAN[record.reused]}'
        f',"bytes_up":{record.bytes_up},"bytes_down":{record.bytes_down}'
        f',"client_closed":{_BOOLEAN[record.client_closed]}}}'
    )


def exchange_text(record: Record, level: Level, *, colour: bool) -> str:
    """The line of one exchange for a terminal.

    The target is cut so that the line fits 100 columns; after an error it may run over them.
    """
    took = human(record.duration)
    status = str(record.status)
    method = redact.printable(record.method, MAX_METHOD)
    where = f"{record.upstream}/{record.route}" if record.route != "-" else record.upstream
    why = f" {record.error}" if record.error else ""
    if level == "warning":
        why += f" id={redact.printable(record.id, MAX_ID)}"
    fixed = f"{timestamp(record.started_wall)} {status} {took:>6} {method:<6} {where}"
    room = max(_MIN_TARGET, COLUMNS - len(fixed) - len(why) - 1)
    target = redact.printable(redact.target(record.target), room)
    if colour:
        fixed = fixed.replace(f" {status} ", f" {paint(status, _hue(record, level))} ", 1)
        fixed = paint(fixed[:24], "dim") + fixed[24:]
        why = why and " " + paint(why[1:], "dim" if level == "info" else "red")
    return f"{fixed}{why} {target}"


def attempt(record: Record, tried: Tried) -> dict[str, Scalar]:
    """The fields of the line of one attempt."""
    return {
        "id": redact.printable(record.id, MAX_ID),
        "upstream": record.upstream,
        "route": record.route,
        **record.told(tried),
    }


def event_json(wall: float, level: str, name: str, fields: Mapping[str, Scalar]) -> str:
    """A line of the sidecar's own life as a JSON object."""
    return _encode({"time": timestamp(wall), "level": level, "event": name, **_safe(fields)})


def event_text(
    wall: float, level: str, name: str, fields: Mapping[str, Scalar], *, colour: bool
) -> str:
    """A line of the sidecar's own life for a terminal."""
    when = timestamp(wall)
    shown = " ".join(f"{key}={_quoted(value)}" for key, value in _safe(fields).items())
    if colour:
        when = paint(when, "dim")
        hue = _HUES.get(level)
        name = paint(name, hue) if hue else name
    return f"{when} {name} {shown}".rstrip()


def human(seconds: float) -> str:
    """A duration in at most six characters: `850us`, `12ms`, `3.42s`, `512s`."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}us"
    if seconds < 1:
        return f"{seconds * 1e3:.0f}ms"
    return f"{seconds:.2f}s" if seconds < 10 else f"{seconds:.0f}s"


def _hue(record: Record, level: Level) -> Hue:
    if level == "warning":
        return "red"
    return "yellow" if record.status >= 400 else "green"


def _safe(fields: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {
        key: redact.text(value) if isinstance(value, str) else value
        for key, value in fields.items()
    }


def _quoted(value: Scalar) -> str:
    shown = redact.printable(str(value), 1000)
    return json.dumps(shown) if " " in shown or not shown else shown
