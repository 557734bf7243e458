"""Log lines on standard error: one for each exchange, one for each event of the sidecar's life.

Standard `logging` decides what is written; `lines` words it and `writer` writes it. Never a body,
a query's value or a credential. The level is one for the whole process, and may be forced.
"""

import logging
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sidecar import config
from sidecar.telemetry import lines
from sidecar.telemetry.colour import has_colour
from sidecar.telemetry.record import Record, Sink
from sidecar.telemetry.writer import Writer

_ROOT = "sidecar"
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_ours = logging.getLogger(_ROOT)
_exchanges = logging.getLogger(f"{_ROOT}.exchange")
_events = logging.getLogger(f"{_ROOT}.event")


_AGAIN = 1.0
"""Seconds after which a library may say once more what it said last."""


@dataclass(slots=True)
class _Levels:
    configured: int = logging.INFO
    forced: int | None = None


_levels = _Levels()


class LineHandler(logging.Handler):
    """Turns every record of `logging` into one line, ours and the libraries' alike."""

    def __init__(self, writer: Writer, *, json: bool, colour: bool) -> None:
        super().__init__()
        self.writer = writer
        self._json = json
        self._colour = colour
        self._said: tuple[str, ...] = ()
        self._said_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line. Whatever goes wrong here stays here."""
        try:
            if self._is_repeated(record):
                return
            line = self.line(record)
            dropped = self.writer.take_dropped()
            if dropped:
                fields: dict[str, lines.Scalar] = {"count": dropped}
                self.writer.write(self._event(record.created, "warning", "log_dropped", fields))
            self.writer.write(line)
        except Exception:
            self.writer.write(f"log line lost: {record.name}")

    def _is_repeated(self, record: logging.LogRecord) -> bool:
        """Whether a library says what it has just said.

        asyncio's own loop, where it has no descriptor left for who connects, says so a thousand
        times a second, each time with a traceback.
        """
        if record.name.startswith(_ROOT):
            return False
        error = record.exc_info[1] if record.exc_info else None
        said = (record.name, record.getMessage(), repr(error))
        if said == self._said and 0.0 <= record.created - self._said_at < _AGAIN:
            return True
        self._said, self._said_at = said, record.created
        return False

    def line(self, record: logging.LogRecord) -> str:
        """The text of `record`."""
        exchange = getattr(record, "exchange", None)
        if isinstance(exchange, Record):
            level = lines.level_of(exchange)
            if self._json:
                return lines.exchange_json(exchange, level)
            return lines.exchange_text(exchange, level, colour=self._colour)
        name, fields = record.msg, getattr(record, "fields", None)
        if fields is None:  # a library's line
            name, fields = "log", {"logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            fields = {
                **fields,  # what it was by itself, because the end of a long traceback is cut off
                "exception": "".join(traceback.format_exception_only(kind, error)).strip(),
                "traceback": "".join(traceback.format_exception(*record.exc_info)),
            }
        return self._event(record.created, record.levelname.lower(), str(name), fields)

    def _event(self, wall: float, level: str, name: str, fields: dict[str, lines.Scalar]) -> str:
        if self._json:
            return lines.event_json(wall, level, name, fields)
        return lines.event_text(wall, level, name, fields, colour=self._colour)


def setup(log: config.Log, stream: TextIO | None = None) -> None:
    """Send all logging of the process to `stream` (standard error), as `log` says.

    A level that was forced stays so.
    """
    stream = stream or sys.stderr
    if stream is None:  # it was closed before we started
        stream = Path(os.devnull).open("w")  # noqa: SIM115 - kept as long as the process
    json = log.format == "json" or (log.format == "auto" and not stream.isatty())
    colour = has_colour(stream) and not json
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # not shown
    root = logging.getLogger()
    writer: Writer | None = None
    for old in root.handlers[:]:
        if isinstance(old, LineHandler):
            root.removeHandler(old)
            if old.writer.stream is stream:  # to close it would wait for a slow one, on the loop
                writer = old.writer
            else:
                old.writer.close()
    root.addHandler(LineHandler(writer or Writer(stream), json=json, colour=colour))
    root.setLevel(max(_LEVELS[log.level], logging.WARNING))  # libraries: only what went wrong
    _levels.configured = _LEVELS[log.level]
    _set_level()


def force_level(level: lines.Level | None) -> None:
    """Write lines of this level and above, whatever is configured; None: as configured again."""
    _levels.forced = None if level is None else _LEVELS[level]
    _set_level()


def _set_level() -> None:
    _ours.setLevel(_levels.configured if _levels.forced is None else _levels.forced)


def flush() -> None:
    """Wait until every line so far is written; at most a second. For the end of the process."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LineHandler):
            handler.writer.flush()


def exchange_sink(log: config.Log) -> Sink:
    """A sink that writes one line for each exchange that the level lets through.

    At `debug` each of its attempts has a line as well.

    Args:
        log: its level holds while none is forced.
    """
    configured = _LEVELS[log.level]

    def write(record: Record) -> None:
        level = _LEVELS[lines.level_of(record)]
        threshold = configured if _levels.forced is None else _levels.forced
        if level < threshold:
            return
        _write(_exchanges, level, "exchange", "exchange", record)
        if threshold <= logging.DEBUG:
            for tried in record.trail:
                _write(_events, logging.DEBUG, "attempt", "fields", lines.attempt(record, tried))

    return write


def audit(name: str, level: lines.Level = "info", **fields: lines.Scalar) -> None:
    """Write a line about what somebody did, whatever the level: no setting hides it."""
    _write(_events, _LEVELS[level], name, "fields", fields)


def _write(logger: logging.Logger, level: int, name: str, kind: str, value: object) -> None:
    """Past the logger's own level: who calls this has decided."""
    line = logging.LogRecord(logger.name, level, "", 0, name, None, None)
    setattr(line, kind, value)
    logger.handle(line)


def event(name: str, level: lines.Level = "info", **fields: lines.Scalar) -> None:
    """Write a line about the sidecar's own life: `event("started", proxy="127.0.0.1:8080")`."""
    _events.log(_LEVELS[level], name, extra={"fields": fields})
