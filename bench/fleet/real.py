"""The same for real: eight sidecar processes, a Redis, and the simulated provider over sockets."""

import asyncio
import contextlib
import logging
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import aiohttp
import redis
from aiohttp import web

from bench.fleet.judging import Verdict, judge
from bench.fleet.plan import CAPACITY, LOAD, TROUBLES
from bench.fleet.policies import SHIPPED
from bench.fleet.provider import Trouble
from bench.fleet.simulation import FIRST_BYTE, READS, TOTAL, Setting, simulate
from bench.fleet.sockets import Applications, Served
from bench.measure import LOAD_CORE
from bench.processes import free_port, started

SIDECARS = 8
_AT, _OUTAGE, _SECONDS = 8, 10, 60
_CALM = 10.0
_WRITES = 0.02
_KEYS = 200
_QUIET = 1.5
"""Seconds in which idle processes show what they ask of the Redis without any request."""

_CONFIG = """listen: {{ proxy: 127.0.0.1:{proxy}, ops: 127.0.0.1:{ops}, admin: null }}
log: {{ level: error, format: json }}
stores: {{ shared: {{ kind: redis, url: "redis://127.0.0.1:{redis}" }} }}
upstreams:
  api:
    url: "http://127.0.0.1:{upstream}"
    timeouts: {{ first_byte: {first_byte}s, total: {total}s }}
    routes:
      - name: rest
        match: {{ path: "/rest/v1/**" }}
        cache: {{ ttl: 5m, tags: [table] }}
        invalidates: [table]
"""


_SHOWN = {
    "answered well before": "before",
    "answered well during": "during",
    "back after": "recovery",
    "requests per call, worst 5 s": "amplification",
    "busiest second after, of the capacity": "peak",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What eight real ones did."""

    sidecars: int
    outages: dict[str, Verdict]
    """By kind of trouble."""
    simulated: dict[str, Verdict]
    """What the simulation says of as many, with the same trouble."""
    commands: dict[str, float]
    """Commands at the Redis for each request, by name; what idle processes ask is taken off."""
    idle: float
    """Commands per second and process without any request."""
    hits: float
    """The share of cached reads that did not reach the provider."""

    def lines(self) -> Iterator[tuple[str, str]]:
        """What to print."""
        for kind, real in self.outages.items():
            for name, key in _SHOWN.items():
                both = (real, self.simulated[kind])
                shown = " / ".join(_text(key, getattr(each, key)) for each in both)
                yield f"{kind}: {name}, real / simulated", shown
        kinds = ", ".join(f"{name} {count:.2f}" for name, count in self.commands.items())
        yield "Redis commands per request", f"{sum(self.commands.values()):.2f} ({kinds})"
        yield "Redis commands per second and idle process", f"{self.idle:.2f}"
        yield "reads answered without the provider", f"{self.hits:.0%}"


def _text(key: str, value: float | None) -> str:
    if key == "recovery":
        return "never" if value is None else f"{value:.0f} s"
    return f"{value:.0%}" if key in ("before", "during") else f"{value:.2f}"


def measured() -> Measured | None:
    """Run it, in some two and a half minutes; None where there is no redis-server.

    Raises:
        StartError: a process did not become ready.
    """
    program = shutil.which("redis-server")
    if program is None:
        return None
    found = asyncio.run(_measured(program))
    return replace(found, simulated={trouble.kind: _simulated(trouble) for trouble in TROUBLES})


def _simulated(trouble: Trouble) -> Verdict:
    setting = Setting(
        sidecars=SIDECARS,
        upstream=SHIPPED.upstream,
        trouble=replace(trouble, at=_AT, seconds=_OUTAGE),
        rate=CAPACITY * LOAD,
        capacity=CAPACITY,
        seconds=_SECONDS,
    )
    logging.disable(logging.CRITICAL)
    try:
        outcome = simulate(setting)
    finally:
        logging.disable(logging.NOTSET)
    return _judged(outcome.offered, outcome.good, outcome.sent, outcome.sent, outcome.refused)


def _judged(*counted: Counter[int]) -> Verdict:
    return judge(*counted, trouble=(_AT, _AT + _OUTAGE), end=_SECONDS, capacity=CAPACITY)


async def _measured(program: str) -> Measured:
    provider = Served()
    server = web.Server(provider.serve, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    upstream = listening.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        start = _starter(Path(scratch), stack)
        port = free_port()
        options = ("--port", str(port), "--save", "", "--dir", scratch)
        await asyncio.to_thread(start, "redis", (program, *options), port)
        ports = []
        for number in range(SIDECARS):
            config, proxy = Path(scratch) / f"{number}.yaml", free_port()
            text = _CONFIG.format(
                proxy=proxy,
                ops=free_port(),
                redis=port,
                upstream=upstream,
                first_byte=FIRST_BYTE,
                total=TOTAL,
            )
            config.write_text(text)
            command = (sys.executable, "-m", "sidecar", "run", "-c", str(config))
            await asyncio.to_thread(start, f"sidecar {number}", command, proxy)
            ports.append(proxy)
        server_stats = redis.Redis(port=port)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            applications = Applications(client, ports)
            commands, idle, hits = await _sharing(applications, provider, server_stats)
            outages: dict[str, Verdict] = {}
            for trouble in TROUBLES:
                outages[trouble.kind] = await _outage(applications, provider, trouble)
        server_stats.close()
    listening.close()
    await server.shutdown(0)
    return Measured(SIDECARS, outages, {}, commands, idle, hits)


def _starter(
    folder: Path, stack: contextlib.ExitStack
) -> Callable[[str, tuple[str, ...], int], None]:
    def start(name: str, command: tuple[str, ...], port: int) -> None:
        log = folder / f"{name}.log"
        stack.enter_context(started(command, core=LOAD_CORE - 1, port=port, log=log))

    return start


async def _outage(applications: Applications, provider: Served, trouble: Trouble) -> Verdict:
    def target(dice: Random) -> str:
        return f"{'GET' if dice.random() < READS else 'POST'} /plain"

    model = provider.begin(replace(trouble, seconds=_OUTAGE), at=_AT)
    await applications.run(_SECONDS, CAPACITY * LOAD, target)
    # whose call a request is made for is not seen on the wire: both are counted as they come
    return _judged(applications.offered, applications.good, model.sent, model.sent, model.refused)


async def _sharing(
    applications: Applications, provider: Served, server: "redis.Redis"
) -> tuple[dict[str, float], float, float]:
    def target(dice: Random) -> str:
        table, row = dice.randrange(10), min(_KEYS - 1, int(dice.paretovariate(0.5)) - 1)
        if dice.random() < _WRITES:
            return f"POST /rest/v1/t{table}"
        return f"GET /rest/v1/t{row % 10}?id=eq.{row}"

    model = provider.begin(TROUBLES[0])
    before = _calls(server)
    await asyncio.sleep(_QUIET)
    between = _calls(server)
    idle = {name: (count - before[name]) / _QUIET for name, count in between.items()}
    loop = asyncio.get_running_loop()
    began = loop.time()
    await applications.run(_CALM, CAPACITY, target)
    took, requests = loop.time() - began, applications.offered.total()
    spent = {
        name: (count - between[name] - idle.get(name, 0.0) * took) / requests
        for name, count in _calls(server).items()
    }
    commands = {name: share for name, share in sorted(spent.items()) if share >= 0.005}
    reached = model.sent.total() / requests
    return commands, sum(idle.values()) / SIDECARS, max(0.0, 1 - reached)


def _calls(server: "redis.Redis") -> Counter[str]:
    stats = server.info("commandstats")
    return Counter(
        {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
    ) - Counter({"info": 10**9})
