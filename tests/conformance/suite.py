"""The suite's own origin and client, with a sidecar process between them.

What the suite says of each test is read here; what is expected of it is in `known.toml`.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.ports import free_port
from tests.support.tools import missing, require_node

FOLDER = Path(__file__).parent
PACKAGE = FOLDER / "node_modules" / "http-cache-tests"
WAYS = {
    "shared": "{mode: rfc9111, shared: true}",
    "stale-if-error": "{mode: rfc9111, shared: true, stale_if_error: 60s}",
    "per-credential": "{mode: rfc9111}",
}
"""How the cache is configured. By the first it is what the other servers are."""

_START_SECONDS = 20.0
_RUN_SECONDS = 180.0
_UPSTREAM = "  {name}: {{url: '{url}', port: {port}, {once}, cache: {cache}}}\n"
_ONCE = "retry: {attempts: 1}, breaker: {enabled: false}"
"""The suite takes a repeated request for a finding of its own, and fails on purpose."""


class Outcome(NamedTuple):
    """What came of one test."""

    kind: str
    """`required` by a specification, `optimal` where a cache is free, or a `check`: a question."""
    verdict: str
    """`pass`, `fail` (of what is required) or `missed` (of what is optimal); `yes` or `no` (of a
    check); `dependency`: a test that this one builds on did not pass; `setup` and `retried`: it did
    not come so far."""
    said: str
    """The suite's words."""


Outcomes = dict[str, Outcome]


def run(base: str, only: Iterable[str] = ()) -> Outcomes:
    """What the suite finds at this URL: all tests, or only these.

    Raises:
        AssertionError: the suite itself failed.
    """
    return _outcomes(_node("run", base, *only))


def published() -> dict[str, Outcomes]:
    """What the suite publishes of other servers, by name and version, judged in the same way."""
    servers: list[dict[str, Any]] = _node("published")
    return {f"{each['name']} {each['version']}": _outcomes(each["tests"]) for each in servers}


def _outcomes(tests: Mapping[str, Any]) -> Outcomes:
    return {name: Outcome(**test) for name, test in tests.items()}


def _node(*arguments: str) -> Any:
    finished = subprocess.run(
        [_node_program(), "suite.mjs", *arguments],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return json.loads(finished.stdout)


def _node_program() -> str:
    node = require_node()
    if not PACKAGE.is_dir():
        missing("npm package http-cache-tests (npm ci --prefix tests/conformance)")
    return node


@contextmanager
def caches(folder: Path) -> Iterator[dict[str, str]]:
    """The base URL of each way, while origin and sidecar run; their logs go into `folder`."""
    with _origin(folder) as url, _sidecar(folder, url) as ports:
        yield {way: f"http://127.0.0.1:{port}" for way, port in ports.items()}


@contextmanager
def _origin(folder: Path) -> Iterator[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "npm_config_protocol": "http",
        "npm_config_port": "0",
        "npm_config_pidfile": str(folder / "origin.pid"),
    }
    command = [_node_program(), str(PACKAGE / "server" / "server.mjs")]
    log = folder / "origin.log"
    with _process(command, folder, log, environment) as process:
        for _ in _while_starting(process, log):
            if port := re.search(r"Listening on \S+:(\d+)/", log.read_text()):
                yield f"http://127.0.0.1:{port[1]}"
                return


@contextmanager
def _sidecar(folder: Path, url: str) -> Iterator[dict[str, int]]:
    ports, ops = {way: free_port() for way in WAYS}, free_port()
    upstreams = "".join(
        _UPSTREAM.format(name=way, url=url, port=port, once=_ONCE, cache=WAYS[way])
        for way, port in ports.items()
    )
    listen = f"{{proxy: '127.0.0.1:0', ops: '127.0.0.1:{ops}', admin: null}}"
    file, log = folder / "sidecar.yaml", folder / "sidecar.log"
    file.write_text(f"listen: {listen}\nlog: {{level: error}}\nupstreams:\n{upstreams}")
    command = [sys.executable, "-m", "sidecar", "run", "-c", str(file)]
    with _process(command, FOLDER.parents[1], log, dict(os.environ)) as process:
        for _ in _while_starting(process, log):
            if _is_ready(ops):
                break
        yield ports
        assert process.poll() is None, log.read_text()
        assert "Traceback" not in log.read_text(), log.read_text()


@contextmanager
def _process(
    command: list[str], folder: Path, log: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, cwd=folder, stdout=written, stderr=written, env=environment
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _while_starting(process: subprocess.Popen[bytes], log: Path) -> Iterator[None]:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        yield
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} did not start: {log.read_text()}")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
