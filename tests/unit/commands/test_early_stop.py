"""SIGTERM that comes while a command is still starting."""

import signal
import subprocess
import sys

import pytest

from sidecar import cli

STARTING = """
import signal, sys
from sidecar import cli
from sidecar.commands import loading, supervised
loading.loaded = supervised.withheld = lambda *_: signal.raise_signal(signal.SIGTERM)
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def _sigterm_stays_as_it_was():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["run"], 0), (["exec", "--", "true"], 128 + signal.SIGTERM)],
)
def test_it_ends_the_command_in_order(arguments, code):
    started = [sys.executable, "-c", STARTING, *arguments]
    done = subprocess.run(started, check=False, capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (code, b"")


def test_it_is_handled_before_the_configuration_is_read(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "sidecar.commands.loading.loaded",
        lambda _: seen.append(signal.getsignal(signal.SIGTERM)) or 1,
    )
    assert cli.main(["run"]) == 1
    assert callable(seen[0])
