"""Runs the application behind each contender: side by side in real time, or one after the other.

Every contender has providers, and an application, of its own, each a process; all follow the same
schedule from the same instant.
"""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.app.contenders import OWN_PORTS, Contender, Setting, contender
from bench.app.figures import Result, Row, result
from bench.measure import LOAD_CORE, PROXY_CORE
from bench.processes import Noise, Process, started
from bench.tools import Tools
from sidecar.demo.targets import PROVIDERS

_START = 3.0
"""Real seconds that each process may take to start, before the schedule's first instant."""
_LAST = 80.0
"""Seconds of the workload that the last requests may take, and some."""


class RunError(Exception):
    """A process of ours did not do its work; the message says which, and what it wrote."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run; times are seconds of the workload."""

    names: Sequence[str]
    configs: Mapping[str, Path]
    seed: int
    scale: float
    duration: float
    warm_up: float
    calm: bool = False

    @property
    def side_by_side(self) -> bool:
        """Compressed, each needs the whole machine."""
        return self.scale == 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run found."""

    results: dict[str, Result]
    milliseconds: dict[str, list[float]]
    noise: list[float]
    """Share of the machine that other processes had, by run."""


def run(plan: Plan, tools: Tools, say: Callable[[str], None]) -> Measured:
    """Run it.

    Raises:
        RunError: something ended that should not.
        StartError: something did not start.
    """
    found = Measured({}, {}, [])
    groups = [plan.names] if plan.side_by_side else [[name] for name in plan.names]
    for names in groups:
        say(f"{', '.join(names)}: {(plan.duration + plan.warm_up) * plan.scale:.0f} s")
        _group(plan, names, tools, say, found)
    return found


def _group(
    plan: Plan, names: Sequence[str], tools: Tools, say: Callable[[str], None], found: Measured
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bench-app-") as scratch,
        contextlib.ExitStack() as stack,
    ):
        ports = iter(free_ports(len(names) * (len(PROVIDERS) + OWN_PORTS)))
        stands = {
            name: _Stand(plan, name, Path(scratch) / str(index), tools, ports)
            for index, name in enumerate(names)
        }
        epoch = time.monotonic() + _START * (1 + 2 * len(names))
        ours = [one for stand in stands.values() for one in stand.start(epoch, stack)]
        applications = [stand.application(epoch) for stand in stands.values()]
        stack.callback(_end, applications)
        if time.monotonic() > epoch - _START:
            raise RunError("the machine is too busy: not all had started in time")
        noise = Noise(ours)  # the applications' time is that of children that have ended
        _wait(plan, applications, epoch, say)
        found.noise.append(noise.share())
        stack.pop_all().close()  # ended, the providers write what they counted
        for name, stand in stands.items():
            found.results[name], found.milliseconds[name] = stand.read()


def _wait(
    plan: Plan,
    applications: Sequence[subprocess.Popen[bytes]],
    epoch: float,
    say: Callable[[str], None],
) -> None:
    total = (plan.duration + plan.warm_up) * plan.scale
    limit = epoch + total + _LAST * plan.scale + 30
    told = time.monotonic()
    while any(one.poll() is None for one in applications):
        now = time.monotonic()
        if now > limit:
            raise RunError("an application did not end")
        if now - told >= 15:
            told = now
            say(f"  {min(total, max(0.0, now - epoch)):.0f} of {total:.0f} s")
        time.sleep(0.2)


def _end(applications: Sequence[subprocess.Popen[bytes]]) -> None:
    for one in applications:
        if one.poll() is None:
            one.terminate()
        one.wait()


class _Stand:
    """One contender with all that belongs to it, in a folder."""

    def __init__(
        self, plan: Plan, name: str, folder: Path, tools: Tools, ports: Iterator[int]
    ) -> None:
        folder.mkdir()
        self._plan, self._name, self._folder = plan, name, folder
        self._certificate = certificate(folder)
        self._ports = {provider: next(ports) for provider in PROVIDERS}
        own = tuple(next(ports) for _ in range(OWN_PORTS))
        setting = Setting(self._ports, own, folder, self._certificate, plan.scale)
        self._contender: Contender = contender(name, setting, tools, plan.configs)

    def start(self, epoch: float, stack: contextlib.ExitStack) -> Iterator[Process]:
        """Providers first, then who stands before them."""
        command = [
            *(sys.executable, "-m", "bench.app.providers", *self._common(epoch)),
            *("--ports", *map(str, self._ports.values())),
            *("--certificate", str(self._certificate), "--warm-up", str(self._plan.warm_up)),
            *("--out", str(self._folder / "providers.json")),
            *(("--calm",) if self._plan.calm else ()),
        ]
        port, log = next(iter(self._ports.values())), self._folder / "providers.log"
        yield stack.enter_context(started(command, core=PROXY_CORE, port=port, log=log))
        if self._contender.command:
            port, log = self._contender.port, self._folder / "contender.log"
            command = list(self._contender.command)
            yield stack.enter_context(started(command, core=PROXY_CORE, port=port, log=log))

    def application(self, epoch: float) -> subprocess.Popen[bytes]:
        """The application, following its schedule."""
        command = [
            *("taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "bench.app.application"),
            *(*self._common(epoch), "--bases", *self._contender.bases),
            *("--ca", str(self._certificate), "--out", str(self._folder / "seen.json")),
            *("--duration", str(self._plan.duration + self._plan.warm_up)),
        ]
        with (self._folder / "application.log").open("wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _common(self, epoch: float) -> tuple[str, ...]:
        plan = self._plan
        return ("--epoch", str(epoch), "--scale", str(plan.scale), "--seed", str(plan.seed))

    def read(self) -> tuple[Result, list[float]]:
        """The figures, and the milliseconds of every request."""
        try:
            seen: dict[str, Any] = json.loads((self._folder / "seen.json").read_text())
            providers = json.loads((self._folder / "providers.json").read_text())
        except (OSError, ValueError) as error:
            raise RunError(f"{self._name}: no figures: {self._words()}") from error
        warm_up = self._plan.warm_up
        rows = [row for one in seen["rows"] if (row := Row(*one)).at >= warm_up]
        return result(seen, providers, warm_up=warm_up), [row.milliseconds for row in rows]

    def _words(self) -> str:
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(log.read_text(errors="replace")[-1000:] for log in logs)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment, each another."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [sock.getsockname()[1] for sock in socks]


def certificate(folder: Path) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that is its own authority."""
    path = folder / "providers.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(path), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    with path.open("a") as file:
        file.write((folder / "certificate.pem").read_text())
    return path
