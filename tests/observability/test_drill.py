"""docs/drill-alert-to-fix.md, command by command, against the real demonstration and Prometheus."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.prometheus import FETCHED, ROOT, program

DOCUMENT = ROOT / "docs" / "drill-alert-to-fix.md"
BLOCK = re.compile(r"^```sh ?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATIENCE = 40.0
SHORTER = (
    (r"\bfor: \d+[mh]", "for: 3s"),
    (r"\[1?5m\]", "[10s]"),
    (r"\[1m\]", "[3s]"),
    (r"(scrape_interval|evaluation_interval): 15s", r"\1: 1s"),
    (r"scrape_timeout: 5s", "scrape_timeout: 1s"),
)


def blocks():
    """What is said of each block of commands, and the commands."""
    for found in BLOCK.finditer(DOCUMENT.read_text()):
        yield shlex.split(found[1]), found[2]


@contextmanager
def background(command, log):
    """A program that runs until the block ends; it is interrupted as Ctrl-C would."""
    with log.open("w") as output:
        process = subprocess.Popen(
            shlex.split(command), stdout=output, stderr=output, env=environment(), cwd=ROOT
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def environment(**more):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:{FETCHED}"
    return {**os.environ, "PATH": path, "NO_COLOR": "1", **more}


def shortened(text):
    for pattern, short in SHORTER:
        text = re.sub(pattern, short, text)
    return text


class Walk:
    """Runs the commands of the document, on ports of its own and with short intervals."""

    def __init__(self, folder, stack):
        self._folder = folder
        self._stack = stack
        self._admin = ""
        self._instead = {
            "127.0.0.1:9091": f"127.0.0.1:{free_port()}",
            "/tmp/sidecar-drill": str(folder / "data"),
            "deploy/prometheus/prometheus.yml": str(folder / "prometheus.yml"),
        }

    def begin(self, command):
        """Start what goes on in a terminal of its own."""
        log = self._folder / f"{command.split()[0]}.log"
        self._stack.enter_context(background(self._mine(command), log))
        if command.startswith("sidecar demo"):
            self._moved(log)

    def _moved(self, log):
        """Find where the demonstration listens, and have Prometheus look there."""
        found = None
        until = time.monotonic() + PATIENCE
        while found is None:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
            found = re.search(r"ops http://(\S+) +admin http://(\S+)", log.read_text())
        self._admin = found[2]
        shutil.copytree(ROOT / "deploy" / "prometheus", self._folder, dirs_exist_ok=True)
        for path in self._folder.glob("*.yml"):
            path.write_text(shortened(path.read_text()).replace("127.0.0.1:9090", found[1]))

    def run(self, command, until="", without=None):
        """Run it, again and again until it prints, or no longer prints, what it should."""
        patience = PATIENCE if until or without else 0.0
        end = time.monotonic() + patience
        while True:
            done = subprocess.run(
                ["bash", "-ec", self._mine(command)],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                env=environment(SIDECAR_ADMIN=self._admin),
                cwd=ROOT,
            )
            gone = without is None or without not in done.stdout
            if done.returncode == 0 and until in done.stdout and gone:
                return
            assert time.monotonic() < end, (command, done.stdout, done.stderr)
            time.sleep(0.3)

    def _mine(self, command):
        for theirs, mine in self._instead.items():
            command = command.replace(theirs, mine)
        return shortened(command)


@pytest.mark.timeout(240)
def test_the_drill_leads_from_the_alert_to_its_fix(tmp_path):
    program("prometheus")
    walked = 0
    with ExitStack() as stack:
        walk = Walk(tmp_path, stack)
        for about, commands in blocks():
            match about:
                case ["background"]:
                    walk.begin(commands.strip())
                case []:
                    walk.run(commands)
                case ["until", text]:
                    walk.run(commands, until=text)
                case ["without", text]:
                    walk.run(commands, without=text)
                case _:
                    pytest.fail(f"a block of another kind: {about}")
            walked += 1
    assert walked >= 10


def test_the_document_has_no_address_that_the_walk_does_not_know():
    text = "".join(commands for _, commands in blocks())
    assert set(re.findall(r"127\.0\.0\.1:\d+", text)) == {"127.0.0.1:9091"}
    assert len(re.findall(r"^sidecar ", text, re.MULTILINE)) >= 6
