"""The load: wrk for closed loops, and a paced open loop of our own for a fixed rate.

Both send the same request each time and count what is no success as an error; the open loop also
an answer of another size than `BODY`.
"""

import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop

PATH = "/rest/v1/messages?select=id,body,created_at&order=created_at.desc&limit=20"
HEADERS = (
    ("User-Agent", "postgrest-py/2.18.0"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
    ("X-Client-Info", "supabase-py/2.18.0"),
    ("apikey", "k" * 120),
    ("Authorization", "Bearer " + "t" * 240),
)
"""What a client of Supabase sends: a request of about 600 bytes."""

BODY = 1024
_SCRIPT = Path(__file__).parent / "wrk.lua"
_HELD = re.compile(rb'"held":"(\d+)"')
_TIMEOUT = "10s"
"""After which a request of wrk has failed: the slowest peers take seconds for all first ones."""
_SEED = 20
_PATIENCE = 2.0
"""Seconds that the last answers of a paced load may take."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a load came to. Latencies in µs."""

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int = 0
    """Requests among them that had no success."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


class LoadError(Exception):
    """Requests failed, or the rate was not held: the figures would mean nothing."""


def closed_loop(
    wrk: str,
    url: str,
    *,
    connections: int,
    seconds: int,
    core: int,
    script: Path = _SCRIPT,
    body: int = 0,
    tolerated: float = 0.0,
) -> Run:
    """As many requests as `connections` can carry, each waiting for its answer.

    `script` is what wrk runs; without one, each request is the same: a GET, or a POST with so many
    bytes of `body`.

    Raises:
        LoadError: requests failed, more than the share that is `tolerated`.
    """
    command = ["taskset", "-c", str(core), wrk, "-t1", f"-c{connections}"]
    command += [f"-d{seconds}s", "--timeout", _TIMEOUT, "--latency", "-s", str(script)]
    for name, value in HEADERS:
        command += ["-H", f"{name}: {value}"]
    done = subprocess.run(
        [*command, url],
        env={**os.environ, "BENCH_BODY": str(body)},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 30,
    )
    if done.returncode:
        raise LoadError(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    if figures["failed"] > tolerated * figures["requests"] or not figures["requests"]:
        told = f"{figures['failed']} of {figures['requests']} requests failed"
        raise LoadError(f"{told}, by wrk at {url}\n{done.stdout}")
    return Run(**figures)


def paced(port: int, path: str, *, rate: float, connections: int, seconds: float) -> Run:
    """Requests at random (Poisson) instants on kept connections, the same instants for everyone.

    A latency counts from the instant at which the generator has the request ready: waiting for a
    free connection is in it, the lateness of the generator's own timer (1 ms) is not. How long the
    upstream held the answer is not in it either, where it says so (`"held":"50123"`, in µs).

    Raises:
        LoadError: an answer was not the expected one, or the rate was not held.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_paced(port, path, rate, connections, seconds))


async def _paced(port: int, path: str, rate: float, connections: int, seconds: float) -> Run:
    loop = asyncio.get_running_loop()
    request = request_bytes(port, path)
    due = instants(rate, seconds)
    done = asyncio.Event()
    free: deque[_Connection] = deque()
    waiting: deque[float] = deque()
    latencies: list[float] = []
    broken: list[str] = []

    def answered(connection: _Connection, latency: float) -> None:
        latencies.append(latency)
        if len(latencies) == len(due):
            done.set()
        if waiting:
            connection.send(request, waiting.popleft())
        else:
            free.append(connection)

    for _ in range(connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(answered, broken), "127.0.0.1", port
        )
        free.append(connection)
    started = loop.time()
    for instant in due:
        delay = started + instant - loop.time()
        if delay > 0:
            await asyncio.sleep(delay)
        if free:
            free.popleft().send(request, time.perf_counter())
        else:
            waiting.append(time.perf_counter())
    took = loop.time() - started
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), _PATIENCE)
    for connection in free:
        connection.close()
    if broken or len(latencies) < len(due) or took > seconds * 1.1 + 0.1:
        why = broken[0] if broken else f"{len(latencies)} of {len(due)} answers, {took:.1f} s"
        raise LoadError(f"paced load on port {port}: {why}")
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * q)] * 1e6 for q in (0.5, 0.99))
    return Run(len(latencies), took, p50, p99)


def instants(rate: float, seconds: float) -> list[float]:
    """When requests are due, in seconds from the start: independent, `rate` a second."""
    dice = random.Random(_SEED)
    return sorted(dice.uniform(0, seconds) for _ in range(int(rate * seconds)))


def request_bytes(port: int, path: str) -> bytes:
    """The request on the wire."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{fields}\r\n".encode()


Answered = Callable[["_Connection", float], None]


class _Connection(asyncio.Protocol):
    """One kept connection; tells `answered` when a response is complete."""

    def __init__(self, answered: Answered, broken: list[str]) -> None:
        self._answered = answered
        self._broken = broken
        self._since: float | None = None
        self._received = b""
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, since: float) -> None:
        self._since = since
        self._transport.write(request)

    def close(self) -> None:
        self._closing = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or len(self._received) < end + 4 + BODY:
            return
        if not self._received.startswith(b"HTTP/1.1 200 ") or self._since is None:
            self._broken.append(f"an unexpected answer: {self._received[:80]!r}")
        now = time.perf_counter()
        held = _HELD.search(self._received, end)
        since, self._since = self._since or now, None
        self._received = b""
        self._answered(self, now - since - (int(held[1]) / 1e6 if held else 0))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closing:
            self._broken.append(f"a connection ended: {exc}")
