"""The command `sidecar demo`: what it prints, how it ends, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.demo.figures import ARMS


def start(*flags: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sidecar", "demo", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def children(pid: int) -> list[int]:
    """Processes that `pid` started and that still run (Linux)."""
    listing = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listing.split()]


def test_a_short_demonstration_prints_both_arms_as_json_and_ends():
    demo = start("--duration", "3", "--json", "--chaos", "calm", SIDECAR_DEMO_RATE="15")

    output, progress = demo.communicate(timeout=40)

    assert demo.returncode == 0, progress
    report = json.loads(output)
    assert report["rate_per_s"] == 15
    for arm in ARMS:
        row = report["figures"]["All calls"][arm]
        assert row["calls"] > 50
        assert row["p50_ms"] > 20
        assert not [outcome for outcome in row["outcomes"] if outcome in {"400", "404", "421"}]
    direct, sidecar = (report["figures"]["All calls"][arm] for arm in ("direct", "sidecar"))
    assert direct["connections"] == direct["calls"]
    assert sidecar["connections"] < direct["connections"] / 2


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demonstration_ends_cleanly_and_leaves_no_process(number):
    demo = start("--duration", "30", NO_COLOR="1")
    try:
        line = ""
        while not line.startswith("Simulated"):
            line = demo.stdout.readline()
            assert line, demo.stderr.read()
        (sidecar,) = children(demo.pid)
        demo.send_signal(number)
        output, errors = demo.communicate(timeout=20)
    finally:
        demo.kill()

    assert demo.returncode == 0
    assert errors == ""
    assert "App requests" in output
    assert "\x1b" not in output
    with pytest.raises(ProcessLookupError):
        os.kill(sidecar, 0)


@pytest.mark.parametrize("flag", [("--rate", "0"), ("--duration", "nan"), ("--chaos", "wild")])
def test_a_wrong_flag_is_a_usage_error(flag):
    demo = start(*flag)

    _, errors = demo.communicate(timeout=20)

    assert demo.returncode == 2
    assert flag[0] in errors


def test_a_wrong_variable_is_a_usage_error():
    demo = start(SIDECAR_DEMO_CHAOS="wild")

    _, errors = demo.communicate(timeout=20)

    assert demo.returncode == 2
    assert "--chaos" in errors


def test_a_mistyped_level_of_trouble_gets_a_suggestion():
    demo = start("--chaos", "strom")

    _, errors = demo.communicate(timeout=20)

    assert "did you mean 'storm'?" in errors
