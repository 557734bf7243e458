"""A real Prometheus and its promtool, for tests: on PATH, or where scripts/tools.py put them."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.ports import free_port
from tests.support.tools import missing

ROOT = Path(__file__).parents[2]
FETCHED = ROOT / ".tools" / "bin"
RULES = ROOT / "deploy" / "prometheus" / "sidecar.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "sidecar-dashboard.json"
START = 20.0


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`; without it the test is skipped, or fails."""
    found = shutil.which(name) or shutil.which(name, path=str(FETCHED))
    if found is None:
        missing(name)
    return str(found)


def promtool(*arguments: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run it, with `text` as its input."""
    return subprocess.run(
        [program("promtool"), *arguments],
        input=text,
        capture_output=True,
        timeout=50,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs, and its HTTP API."""

    url: str
    log: Path

    def api(self, path: str, **parameters: object) -> Any:
        """What `/api/v1/PATH` answers as `data`."""
        query = urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> Sequence[Mapping[str, Any]]:
        """The series that an expression has now."""
        found: Sequence[Mapping[str, Any]] = self.api("query", query=expression)["result"]
        return found

    def wait(self, what: str, found: Callable[[], object], patience: float = 30.0) -> None:
        """Until `found()` is true.

        Raises:
            AssertionError: it never was.
        """
        until = time.monotonic() + patience
        while not found():
            assert time.monotonic() < until, f"{what}\n{self.log.read_text()[-2000:]}"
            time.sleep(0.2)


@contextmanager
def running_prometheus(config: str, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus with `config` (YAML) that keeps its data in `folder`, until the block ends."""
    path, log, port = folder / "prometheus.yml", folder / "prometheus.log", free_port()
    path.write_text(config)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
            ],
            stdout=output,
            stderr=output,
        )
        running = Prometheus(f"http://127.0.0.1:{port}", log)
        try:
            running.wait("Prometheus did not start", lambda: _ready(running), START)
            yield running
        finally:
            process.terminate()
            process.wait(20)


def _ready(running: Prometheus) -> bool:
    try:
        with urllib.request.urlopen(f"{running.url}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
