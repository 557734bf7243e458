"""The unit is what systemd takes, and what it restricts is much; its commands start in order."""

import configparser
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.tools import missing

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "outbound-sidecar.service"
PROGRAM = "/opt/outbound-sidecar/bin/sidecar"
MOST_EXPOSED = 2.0


@pytest.fixture
def analyze(tmp_path):
    """`systemd-analyze` on the unit, where its program is one that exists."""
    program = shutil.which("systemd-analyze")
    if program is None:
        missing("systemd-analyze")

    def run(*arguments, text=None):
        unit = tmp_path / UNIT.name
        unit.write_text((text or UNIT.read_text()).replace(PROGRAM, "/bin/true"))
        command = [program, *arguments, str(unit)]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    return run


def setting(name):
    """A setting of the unit's [Service]."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text())
    return parser["Service"][name]


def test_systemd_has_no_complaint(analyze):
    checked = analyze("verify")
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_systemd_complains_about_a_word_that_it_does_not_know(analyze):
    """The negative control; the exit code stays 0."""
    checked = analyze("verify", text=UNIT.read_text().replace("UMask=", "UMaks="))
    assert "UMaks" in checked.stderr


def test_it_is_exposed_to_little(analyze):
    shown = analyze("security", "--offline=yes").stdout
    found = re.search(r"exposure level for \S+: ([\d.]+)", shown)
    assert float(found[1]) <= MOST_EXPOSED


def test_the_grace_period_is_longer_than_the_drain():
    assert float(setting("TimeoutStopSec")) >= 6


def test_what_is_ordered_after_it_can_call_at_once(tmp_path):
    """ExecStart and ExecStartPost as systemd runs them: the second ends when the first is ready."""
    ops = f"127.0.0.1:{free_port()}"
    config = tmp_path / "sidecar.yaml"
    config.write_text(
        f"listen: {{proxy: '127.0.0.1:0', ops: '{ops}', admin: null}}\n"
        "upstreams: {shop: {url: 'http://127.0.0.1:9'}}\n"
    )
    sidecar = str(Path(sys.executable).parent / "sidecar")
    start = setting("ExecStart").replace(PROGRAM, sidecar).split()
    script = setting("ExecStartPost").replace(PROGRAM, sidecar)
    shell, flag, code = re.fullmatch(r"(\S+) (-c) '(.*)'", script).groups()
    environment = {"PATH": "/usr/bin:/bin", "SIDECAR_CONFIG": str(config), "SIDECAR_OPS": ops}
    with subprocess.Popen(start, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            began = time.monotonic()
            after = [shell, flag, code]
            subprocess.run(
                after, check=True, env=environment, timeout=30, stdout=subprocess.DEVNULL
            )
            ready = [sidecar, "healthcheck"]
            subprocess.run(ready, check=True, env=environment, timeout=10)
            assert time.monotonic() - began < float(setting("TimeoutStartSec"))
        finally:
            process.terminate()
        assert process.wait(timeout=10) == 0
