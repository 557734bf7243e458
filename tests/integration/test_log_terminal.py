"""What a process writes to a real terminal, and what to anything else."""

import json
import os
import pty
import subprocess
import sys

import pytest

PROGRAM = """
from sidecar import config
from sidecar.telemetry import logs
from sidecar.telemetry.record import Record

logs.setup(config.Log())
logs.exchange_sink(config.Log())(
    Record("a1", "supabase", "rows", "GET", "/rest/v1/x?id=eq.C4nary&apikey=C4nary", 200)
)
logs.event("summary", upstream="supabase", calls=120, p95=0.25, errors_percent=2.5)
logs.flush()
"""


def written(stream):
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": ""}
    subprocess.run(
        [sys.executable, "-c", PROGRAM], stderr=stream, env=environment, check=True, timeout=30
    )


@pytest.fixture
def terminal():
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_a_terminal_gets_text_for_people(terminal):
    ours, theirs = terminal
    written(theirs)
    exchange, summary = os.read(ours, 65536).decode().splitlines()
    assert "\x1b[" in exchange
    assert "supabase/rows" in exchange
    assert exchange.endswith("/rest/v1/x?id=*&apikey=*")
    assert "summary upstream=supabase calls=120 p95=0.25" in summary
    assert "C4nary" not in exchange


def test_a_pipe_gets_json(tmp_path):
    with (tmp_path / "log").open("wb") as stream:
        written(stream)
    exchange, summary = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert (exchange["event"], exchange["target"]) == ("exchange", "/rest/v1/x?id=*&apikey=*")
    assert (summary["event"], summary["calls"], summary["errors_percent"]) == ("summary", 120, 2.5)
