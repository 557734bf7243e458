"""Processes under measurement: started on one core, their CPU time and memory read from /proc."""

import contextlib
import os
import resource
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_START = 20.0


class StartError(Exception):
    """A process did not become ready; the message ends with what it wrote."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running process and its children."""

    pid: int

    def cpu(self) -> float:
        """Seconds of CPU that it and its living children have used, user and system."""
        return sum(_cpu(pid) for pid in self._tree())

    def rss(self) -> float:
        """Resident memory in MB (10^6 bytes) of it and its children."""
        return sum(_rss(pid) for pid in self._tree()) / 1e6

    def _tree(self) -> Iterator[int]:
        todo = [self.pid]
        while todo:
            pid = todo.pop()
            yield pid
            for task in Path(f"/proc/{pid}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())


def _cpu(pid: int) -> float:
    """The scheduler's own account in nanoseconds; where it keeps none, ticks of 10 ms."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError, ValueError):
            total += int((task / "schedstat").read_text().split()[0])
    if total:
        return total / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _rss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def started(command: Sequence[str], *, core: int, port: int, log: Path) -> Iterator[Process]:
    """Run `command` on `core` until the block ends; entered when `port` accepts.

    Raises:
        StartError: it ended, or did not accept in time.
    """
    # Settings of the user's own sidecar in the environment are not for this one.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIDECAR_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, port, log)
        yield Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    words = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise StartError(f"{process.args!r} did not become ready:\n{words}")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


class Noise:
    """How much of the machine's CPU time others than `ours` and this process used."""

    def __init__(self, ours: Sequence[Process]) -> None:
        self._ours = ours
        self._since = time.monotonic()
        self._before = self._read()

    def _read(self) -> tuple[float, float, float]:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, fields[:8])
        busy = (user + nice + system + irq + softirq + steal) / _TICK
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = time.process_time() + children.ru_utime + children.ru_stime
        return busy, busy + (idle + iowait) / _TICK, own + sum(p.cpu() for p in self._ours)

    def seconds(self) -> float:
        """How long ago this was made."""
        return time.monotonic() - self._since

    def share(self) -> float:
        """The others' share of all cores' time since this was made, 0 to 1."""
        busy, total, own = (b - a for a, b in zip(self._before, self._read(), strict=True))
        return max(0.0, (busy - own) / total) if total else 0.0
