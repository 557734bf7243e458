"""`sidecar check`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar import cli

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests/unit/loader/golden/broken.yaml"
AUDITED = """
import os, sys
from sidecar.cli import main

def audit(event, args):
    writes = event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event.startswith(("socket.", "subprocess.", "os.mkdir", "os.rename", "os.remove")):
        print("AUDIT", event, args, file=sys.stderr)

sys.addaudithook(audit)
code = main(["check", *sys.argv[1:]])
open(os.devnull, "w").close()  # shows that the hook sees such an event
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("file", "code"), [(ROOT / "config/sidecar.yaml", 0), (GOLDEN, 1), (Path("nope.yaml"), 2)]
)
def test_check_opens_no_connection_and_writes_no_file(file, code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-B", "-c", AUDITED, "-c", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    events = [line for line in done.stderr.splitlines() if line.startswith("AUDIT")]
    assert done.returncode == code, done.stderr
    assert len(events) == 1, events
    assert os.devnull in events[0]
    assert list(tmp_path.iterdir()) == []


def test_the_verdict_of_a_good_file_is_one_line(capsys):
    assert cli.main(["check", "-c", str(ROOT / "config/sidecar.yaml")]) == 0
    assert capsys.readouterr().out.endswith("sidecar.yaml: ok: 4 upstreams, 23 routes\n")


def test_all_problems_come_before_the_verdict(capsys):
    assert cli.main(["check", "-c", str(GOLDEN)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 31
    assert lines[-1] == f"{GOLDEN}: failed: 29 errors, 1 warning"


def test_several_files_are_checked_and_the_worst_decides(capsys):
    good = str(ROOT / "config/sidecar.yaml")
    assert cli.main(["check", "-c", good, "-c", str(GOLDEN)]) == 1
    assert cli.main(["check", "-c", good, "-c", "nope.yaml"]) == 2
    assert "nope.yaml: error: no such file" in capsys.readouterr().out


def test_json_has_every_part_of_a_problem(capsys):
    assert cli.main(["check", "-c", str(GOLDEN), "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert verdict["ok"] is False
    assert {
        "file": str(GOLDEN),
        "line": 8,
        "column": 1,
        "origin": f"{GOLDEN}:8:1",
        "severity": "error",
        "path": "timout",
        "message": "unknown key",
        "suggestion": "drain_timeout",
    } in verdict["problems"]


def test_github_gets_annotations(capsys):
    assert cli.main(["check", "-c", str(GOLDEN), "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert (
        f"::error file={GOLDEN},line=8,col=1::timout: unknown key (did you mean 'drain_timeout'?)"
        in lines
    )


@pytest.mark.parametrize(("variable", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_and_can_be_switched_off(variable, coloured, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", variable)
    monkeypatch.setenv("TERM", "xterm")
    cli.main(["check", "-c", str(GOLDEN)])
    assert ("\x1b[" in capsys.readouterr().out) is coloured
