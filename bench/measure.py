"""Interleaved rounds: every peer in turn, then all of them again, so that slow drifts hit all."""

import contextlib
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import figures, load, peers
from bench.load import LoadError, Run
from bench.peers import Peer
from bench.processes import Process, started
from bench.quiet import Quiet
from bench.tools import Tools

PROXY_CORE = 0
LOAD_CORE = 1
RATE = 500
PACED_CONNECTIONS = 16
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each part takes, in seconds."""

    rounds: int = 7
    single: int = 1
    paced: int = 4
    closed: int = 2
    patience: float = 300.0
    """How long the whole run may wait for others to leave the machine alone, repeats included."""


QUICK = Plan(rounds=2, single=1, paced=2, closed=1, patience=30.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """The raw values of all rounds, and how much the machine was disturbed."""

    rounds: list[dict[str, dict[str, float]]]
    noise: list[float]
    """Share of all cores' time that others used, by measurement."""
    repeated: int
    """Measurements thrown away because it was more than a tenth."""


class Bench:
    """The running peers and the figures taken so far."""

    def __init__(self, tools: Tools, running: dict[str, tuple[Peer, Process]]) -> None:
        self._tools = tools
        self._running = running

    def run(self, plan: Plan) -> Measured:
        """All rounds.

        Raises:
            LoadError: requests failed, or a peer changed the body.
        """
        quiet = Quiet([process for _, process in self._running.values()], plan.patience)
        for peer, _ in self._running.values():
            _verify(peer)
            self._closed(peer, CONNECTIONS, 1)  # warm
        idle = {name: process.rss() for name, (_, process) in self._running.items()}
        rounds = []
        for number in range(plan.rounds):
            print(f"bench: round {number + 1} of {plan.rounds}", file=sys.stderr)
            rounds.append({name: self._measure(name, plan, quiet) for name in self._running})
        for name, (_, process) in self._running.items():
            if name != figures.DIRECT:
                rounds[-1][name] |= {"rss_idle": idle[name], "rss_after": process.rss()}
        return Measured(rounds, quiet.noise, quiet.repeated)

    def _measure(self, name: str, plan: Plan, quiet: Quiet) -> dict[str, float]:
        peer, process = self._running[name]
        single = quiet.measure(lambda: self._closed(peer, 1, plan.single))
        paced, paced_cpu = quiet.measure(
            lambda: with_cpu(process, lambda: self._paced(peer, plan.paced))
        )
        closed, closed_cpu = quiet.measure(
            lambda: with_cpu(process, lambda: self._closed(peer, CONNECTIONS, plan.closed))
        )
        values = {
            "added_p50": single.p50,
            "paced_added_p50": paced.p50,
            "paced_added_p99": paced.p99,
            "rate": closed.rate,
        }
        if name == figures.DIRECT:
            return values
        return values | {"paced_cpu": paced_cpu, "closed_cpu": closed_cpu}

    def _paced(self, peer: Peer, seconds: float) -> Run:
        return load.paced(
            peer.port, peer.path, rate=RATE, connections=PACED_CONNECTIONS, seconds=seconds
        )

    def _closed(self, peer: Peer, connections: int, seconds: int) -> Run:
        return load.closed_loop(
            self._tools.wrk, peer.url, connections=connections, seconds=seconds, core=LOAD_CORE
        )


def with_cpu(process: Process, run: Callable[[], Run]) -> tuple[Run, float]:
    """The run, and the CPU time that the process spent on each request, in µs."""
    before = process.cpu()
    done = run()
    return done, (process.cpu() - before) / done.requests * 1e6


def _verify(peer: Peer) -> None:
    request = urllib.request.Request(peer.url, headers=dict(load.HEADERS))
    with urllib.request.urlopen(request, timeout=5) as answer:
        if answer.status != 200 or len(answer.read()) != load.BODY:
            raise LoadError(f"{peer.name} does not answer as the upstream does")


@contextlib.contextmanager
def bench(tools: Tools) -> Iterator[Bench]:
    """Everything started: the upstream beside the load on one core, the proxies on the other."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        running: dict[str, tuple[Peer, Process]] = {}

        def start(peer: Peer, core: int) -> None:
            log = folder / f"{len(running)}.log"
            process = started(peer.command, core=core, port=peer.port, log=log)
            running[peer.name] = (peer, stack.enter_context(process))

        upstream = peers.upstream(tools, folder)
        start(upstream, LOAD_CORE)
        for peer in peers.proxies(tools, folder, upstream.port):
            start(peer, PROXY_CORE)
        yield Bench(tools, running)
