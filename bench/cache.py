"""`make bench-cache`: what a hit costs, beside nginx and Varnish, in one interleaved run."""

import contextlib
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench import cache_peers, kept, load, machine, report, tools
from bench.cache_peers import COUNTER, SIZES
from bench.figures import Figure
from bench.load import LoadError
from bench.measure import LOAD_CORE, PROXY_CORE, with_cpu
from bench.peers import Peer
from bench.processes import Process, started
from bench.quiet import Quiet

CONNECTIONS = (1, 32, 128)
_MISSES = 0.01
"""The share of the requests that may reach the upstream."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured, in seconds."""

    rounds: int = 7
    seconds: int = 1
    patience: float = 120.0


QUICK = Plan(rounds=2, patience=20.0)

FIGURES = tuple(
    Figure(f"{size}/{count}/{key}", f"{size}, {count} conn.: {title}", unit)
    for size in SIZES
    for count in CONNECTIONS
    for key, title, unit in (
        ("rate", "throughput", "req/s"),
        ("cpu", "CPU per hit", "µs"),
        ("p50", "p50", "µs"),
        ("p99", "p99", "µs"),
    )
)


class CacheBench:
    """The running caches and how they are measured."""

    def __init__(
        self, wrk: str, running: dict[str, tuple[Peer, Process]], counter: str, patience: float
    ) -> None:
        self._wrk = wrk
        self._running = running
        self._counter = counter
        self.quiet = Quiet([process for _, process in running.values()], patience)

    def run(self, plan: Plan) -> list[dict[str, dict[str, float]]]:
        """All rounds.

        Raises:
            LoadError: requests failed, or were not answered from the cache.
        """
        rounds = []
        for peer, _ in self._running.values():
            for size in SIZES:
                _verify(peer, size)
        for number in range(plan.rounds):
            print(f"bench: round {number + 1} of {plan.rounds}", file=sys.stderr)
            rounds.append(
                {name: self._peer(*one, plan.seconds) for name, one in self._running.items()}
            )
        return rounds

    def _peer(self, peer: Peer, process: Process, seconds: int) -> dict[str, float]:
        values = {}
        for size in SIZES:
            for count in CONNECTIONS:
                for key, value in self._one(peer, process, size, count, seconds).items():
                    values[f"{size}/{count}/{key}"] = value
        return values

    def _one(
        self, peer: Peer, process: Process, size: str, count: int, seconds: int
    ) -> dict[str, float]:
        url = f"{peer.url}{cache_peers.target(size)}"
        _verify(peer, size)  # what has gone stale meanwhile is fetched before
        before = self._asked()
        run, cpu = self.quiet.measure(
            lambda: with_cpu(
                process,
                lambda: load.closed_loop(
                    self._wrk, url, connections=count, seconds=seconds, core=LOAD_CORE
                ),
            )
        )
        if self._asked() - before > max(5, _MISSES * run.requests):
            raise LoadError(f"{peer.name} does not answer from its cache")
        return {"rate": run.rate, "cpu": cpu, "p50": run.p50, "p99": run.p99}

    def _asked(self) -> int:
        """Requests that the upstream has had."""
        with urllib.request.urlopen(self._counter, timeout=5) as answer:
            return int(answer.read().splitlines()[2].split()[2])


def _verify(peer: Peer, size: str) -> None:
    request = urllib.request.Request(
        f"{peer.url}{cache_peers.target(size)}", headers=dict(load.HEADERS)
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        if answer.status != 200 or len(answer.read()) != SIZES[size]:
            raise LoadError(f"{peer.name} does not answer as the upstream does")


@contextlib.contextmanager
def bench(programs: tools.CacheTools, patience: float) -> Iterator[CacheBench]:
    """Everything started: the upstream beside the load on one core, the caches on the other."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        folder.chmod(0o755)

        def start(peer: Peer, core: int) -> Process:
            log = folder / f"{peer.name}.log"
            process = started(peer.command, core=core, port=peer.port, log=log)
            return stack.enter_context(process)

        upstream = cache_peers.upstream(programs, folder)
        start(upstream, LOAD_CORE)
        peers = cache_peers.caches(programs, folder, upstream.port)
        running = {peer.name: (peer, start(peer, PROXY_CORE)) for peer in peers}
        yield CacheBench(programs.wrk, running, f"{upstream.url}{COUNTER}", patience)


def main() -> int:
    """Run it; 0 when there are figures, 1 when there are none, 2 for a wrong flag."""
    parser = kept.parser("cache", __doc__, "2 rounds", 7)
    parser.add_argument(
        "--patience",
        type=float,
        metavar="SECONDS",
        help="how long to wait, in all, for other processes to be quiet (default: 120)",
    )
    args = parser.parse_args()
    plan = QUICK if args.quick else Plan()
    wanted = {"rounds": args.rounds, "patience": args.patience}
    plan = replace(plan, **{name: value for name, value in wanted.items() if value is not None})
    try:
        with kept.on_two_cores("the cache", "all else"):
            programs = tools.find_for_cache()
            where = machine.describe(programs.versions())
            with bench(programs, plan.patience) as running:
                rounds = running.run(plan)
    except kept.NoFigures:
        return 1
    compared = tuple(peer for peer in ("nginx", "Varnish") if peer in rounds[0])
    settings = (
        f"{plan.rounds} interleaved rounds of {plan.seconds} s for each figure; caches on one "
        "core, load and upstream on the other"
    )
    found = kept.Rounds(rounds, plan, where, running.quiet)
    shown = report.Shown(FIGURES, compared, "Cost of a hit")
    kept.show(found, shown, settings, None if args.quick else "cache")
    return 0


if __name__ == "__main__":
    sys.exit(main())
