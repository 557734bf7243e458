import io
import json
import logging
import os
import threading
import time

import pytest

from sidecar import config
from sidecar.telemetry import logs, writer
from sidecar.telemetry.record import Record


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def untouched_logging():
    root, ours = logging.getLogger(), logging.getLogger("sidecar")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    for handler in root.handlers[:]:
        if handler not in handlers:
            handler.writer.close()
            root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def record(**changes):
    values = {"id": "a1", "upstream": "u", "route": "r", "method": "GET", "target": "/x?k=v"}
    return Record(**{**values, "status": 200, **changes})


def written(stream):
    logs.flush()
    return stream.getvalue().splitlines()


def test_a_stream_that_is_no_terminal_gets_json():
    logs.setup(config.Log(), stream := io.StringIO())
    logs.exchange_sink(config.Log())(record())
    logs.event("started", proxy="127.0.0.1:8080")
    exchange, started = map(json.loads, written(stream))
    assert (exchange["event"], exchange["target"]) == ("exchange", "/x?k=*")
    assert (started["event"], started["proxy"]) == ("started", "127.0.0.1:8080")


def test_a_terminal_gets_coloured_text_unless_no_color_is_set(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for value, coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", value)
        logs.setup(config.Log(), stream := Terminal())
        logs.exchange_sink(config.Log())(record())
        (line,) = written(stream)
        assert ("\x1b[" in line) is coloured
        assert "u/r" in line


@pytest.mark.parametrize(("choice", "json_lines"), [("json", True), ("text", False)])
def test_the_configured_format_wins_over_the_terminal(choice, json_lines):
    logs.setup(config.Log(format=choice), stream := Terminal())
    logs.event("drain")
    assert written(stream)[0].startswith("{") is json_lines


def test_level_warning_keeps_failures_only():
    log = config.Log(level="warning")
    logs.setup(log, stream := io.StringIO())
    sink = logs.exchange_sink(log)
    sink(record())
    sink(record(status=504, error="idle_timeout", source="sidecar"))
    assert [json.loads(line)["error"] for line in written(stream)] == ["idle_timeout"]


def test_lines_of_libraries_are_redacted_and_stay_one_line():
    logs.setup(config.Log(), stream := io.StringIO())
    try:
        int("key=C4naryS3cret")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Bearer %s", "C4naryS3cret")
    logging.getLogger("aiohttp.server").info("not a problem, so not shown")
    (line,) = written(stream)
    shown = json.loads(line)
    assert "C4nary" not in line
    assert (shown["event"], shown["logger"], shown["level"]) == ("log", "aiohttp.server", "error")
    assert "ValueError" in shown["traceback"]


def test_a_second_set_up_replaces_the_first():
    logs.setup(config.Log(), first := io.StringIO())
    logs.setup(config.Log(), second := io.StringIO())
    logs.event("started")
    assert written(second)
    assert not first.getvalue()


def test_what_a_library_says_over_and_over_is_written_once_a_second():
    logs.setup(config.Log(), stream := io.StringIO())
    library = logging.getLogger("asyncio")
    error = OSError(24, "Too many open files")
    for at, text in ((0.0, "a"), (0.5, "a"), (0.9, "a"), (1.0, "a"), (1.5, "b"), (1.6, "a")):
        line = logging.LogRecord(
            "asyncio", logging.ERROR, "", 0, text, None, (OSError, error, None)
        )
        line.created = 1e9 + at
        library.handle(line)
        logs.event("ours")
    said = [json.loads(line) for line in written(stream)]
    assert [line["message"] for line in said if line["event"] == "log"] == ["a", "a", "b", "a"]
    assert [line["event"] for line in said].count("ours") == 6


def test_a_level_that_was_forced_outlives_another_set_up():
    logs.setup(config.Log(), io.StringIO())
    logs.force_level("debug")
    try:
        log = config.Log(level="warning")
        logs.setup(log, stream := io.StringIO())
        logs.event("detail", "debug")
        logs.exchange_sink(log)(record())
    finally:
        logs.force_level(None)
    logs.event("quiet")
    assert [json.loads(line)["event"] for line in written(stream)] == ["detail", "exchange"]


def test_a_broken_pipe_never_reaches_the_exchange():
    reader, end = os.pipe()
    stream = os.fdopen(end, "w")
    logs.setup(config.Log(), stream)
    os.close(reader)
    sink = logs.exchange_sink(config.Log())
    sink(record())
    logs.flush()
    sink(record())
    logs.flush()
    stream.close()
    sink(record())
    logs.flush()


class Stuck(io.StringIO):
    """Hangs while it is written to, until its gate is opened."""

    def __init__(self):
        super().__init__()
        self.gate, self.began = threading.Event(), threading.Event()

    def write(self, text):
        self.began.set()
        assert self.gate.wait(10)
        return super().write(text)


def test_a_reader_that_hangs_costs_lines_and_not_time(monkeypatch):
    monkeypatch.setattr(writer, "MAX_LINES", 3)
    logs.setup(config.Log(), stream := Stuck())
    logs.event("first")
    assert stream.began.wait(10)
    for n in range(8):
        logs.event("later", n=n)
    stream.gate.set()
    logs.flush()
    logs.event("after")
    shown = [json.loads(line) for line in written(stream)]
    assert [line["event"] for line in shown] == ["first", *["later"] * 3, "log_dropped", "after"]
    assert shown[-2]["count"] == 5


def test_another_set_up_does_not_wait_for_a_reader_that_hangs():
    logs.setup(config.Log(), stream := Stuck())
    logs.event("first")
    assert stream.began.wait(10)
    asked = time.monotonic()
    logs.setup(config.Log(format="text"), stream)
    took = time.monotonic() - asked
    logs.event("second")
    stream.gate.set()
    assert took < 0.5
    first, second = written(stream)
    assert json.loads(first)["event"] == "first"
    assert second.endswith(" second")


def test_an_error_is_told_however_long_its_traceback_is():
    def fail():
        raise ValueError("what it was; key=C4naryS3cret") from ValueError("x" * 10_000)

    logs.setup(config.Log(), stream := io.StringIO())
    try:
        fail()
    except ValueError:
        logging.getLogger("sidecar.fault").exception("it failed")
    (line,) = written(stream)
    shown = json.loads(line)
    assert shown["exception"] == "ValueError: what it was; key=*"
    assert "what it was" not in shown["traceback"]  # this is the case that is meant


def test_a_line_that_cannot_be_made_is_reported_and_breaks_nothing():
    logs.setup(config.Log(), stream := io.StringIO())
    logs.exchange_sink(config.Log())(record(duration="long"))
    assert written(stream) == ["log line lost: sidecar.exchange"]
