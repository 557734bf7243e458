"""`make bench-cache`: what a hit costs, beside nginx and Varnish, in one interleaved run."""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import cache_peers, figures, load, machine, report, tools
from bench.cache_peers import COUNTER, SIZES
from bench.figures import Figure
from bench.load import LoadError
from bench.measure import LOAD_CORE, PROXY_CORE, with_cpu
from bench.peers import Peer
from bench.processes import Process, StartError, started
from bench.quiet import Quiet

RESULTS = Path(__file__).parent / "results"
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
    parser = argparse.ArgumentParser(prog="bench.cache", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 rounds; nothing is saved")
    parser.add_argument("--rounds", type=int, metavar="N", help="how many rounds (default: 7)")
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
    if (os.cpu_count() or 1) < 2:
        print("bench: two cores are needed: one for the cache, one for all else", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what it started ends with it
    try:
        programs = tools.find_for_cache()
        os.sched_setaffinity(0, {LOAD_CORE})
        where = machine.describe(programs.versions())
        with bench(programs, plan.patience) as running:
            rounds = running.run(plan)
    except (tools.MissingTool, StartError, LoadError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    _show(rounds, plan, where, running.quiet, save=not args.quick)
    return 0


def _show(
    rounds: list[dict[str, dict[str, float]]],
    plan: Plan,
    where: dict[str, str],
    quiet: Quiet,
    *,
    save: bool,
) -> None:
    table = figures.summarise(rounds, FIGURES)
    compared = tuple(peer for peer in ("nginx", "Varnish") if peer in table)
    shown = report.Shown(FIGURES, compared, "Cost of a hit")
    print(report.plain(table, shown))
    print(report.disturbance(quiet.noise))
    if not save:
        return
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    result = {
        "time": now.isoformat(timespec="seconds"),
        "machine": where,
        "plan": asdict(plan),
        "noise": quiet.noise,
        "repeated": quiet.repeated,
        "rounds": rounds,
    }
    (RESULTS / "cache.json").write_text(json.dumps(result, indent=1) + "\n")
    settings = (
        f"{plan.rounds} interleaved rounds of {plan.seconds} s for each figure; caches on one "
        "core, load and upstream on the other"
    )
    text = report.markdown(table, where, quiet.noise, settings, f"{now.date()}", shown)
    (RESULTS / "cache.md").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
