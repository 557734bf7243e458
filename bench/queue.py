"""`make bench-queue`: what it costs to accept a message durably, beside sending it directly.

Each way on one core, load and upstream on the other. The upstream answers at once, so that what is
measured is the sidecar and the disk; a real one takes some 100 ms, which only the queue saves.
"""

import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench import kept, load, machine, peers, report, tools
from bench.draining import drained
from bench.figures import Figure
from bench.measure import LOAD_CORE, PROXY_CORE, with_cpu
from bench.peers import Peer
from bench.processes import Process, free_port, started
from bench.quiet import Quiet

CONNECTIONS = (1, 32)
_SCRIPT = Path(__file__).parent / "wrk_send.lua"
_PATH = "/v26.0/106540352242922/messages"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured, in seconds."""

    rounds: int = 5
    seconds: int = 2
    patience: float = 120.0


QUICK = Plan(rounds=2, seconds=1, patience=10.0)

FIGURES = (
    *(
        Figure(f"{count}/{key}", f"{count} conn.: {title}", unit)
        for count in CONNECTIONS
        for key, title, unit in (
            ("rate", "answered", "req/s"),
            ("p50", "p50", "µs"),
            ("p99", "p99", "µs"),
            ("cpu", "CPU per request", "µs"),
        )
    ),
    Figure("drain", "delivered, nothing else to do", "1/s"),
    Figure("rss", "RSS after", "MB"),
)
SHOWN = report.Shown(FIGURES, (), "Accepting a message, durably, beside sending it")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to send."""

    peer: Peer
    process: Process
    ops: int | None = None
    """The port where a sidecar that queues says how it stands."""


def _config(upstream: int, ops: int, proxy: int, spool: str, mode: str) -> str:
    return f"""listen: {{ proxy: 127.0.0.1:{proxy}, ops: 127.0.0.1:{ops}, admin: null }}
log: {{ level: error, format: json }}
loop: uvloop
upstreams:
  whatsapp:
    preset: whatsapp
    url: "http://127.0.0.1:{upstream}"
    routes:
      - name: messages
        pace: []
        queue: {{ mode: {mode}, order: phone_number_id+$.to, answer: whatsapp }}
{spool}
"""


class QueueBench:
    """The running ways and how they are measured."""

    def __init__(self, wrk: str, ways: list[Way], patience: float) -> None:
        self._wrk = wrk
        self._ways = ways
        self.quiet = Quiet([way.process for way in ways], patience)

    def run(self, plan: Plan) -> list[dict[str, dict[str, float]]]:
        """All rounds.

        Raises:
            LoadError: requests failed, or were not delivered in time.
        """
        rounds = []
        for number in range(plan.rounds):
            print(f"bench: round {number + 1} of {plan.rounds}", file=sys.stderr)
            rounds.append({way.peer.name: self._way(way, plan.seconds) for way in self._ways})
        return rounds

    def _way(self, way: Way, seconds: int) -> dict[str, float]:
        values: dict[str, float] = {}
        for count in CONNECTIONS:
            run, cpu = self.quiet.measure(
                lambda count=count: with_cpu(  # type: ignore[misc]
                    way.process,
                    lambda: load.closed_loop(
                        self._wrk,
                        way.peer.url,
                        connections=count,
                        seconds=seconds,
                        core=LOAD_CORE,
                        script=_SCRIPT,
                    ),
                )
            )
            found = {"rate": run.rate, "p50": run.p50, "p99": run.p99, "cpu": cpu}
            values |= {f"{count}/{key}": value for key, value in found.items()}
            if way.ops is not None:
                values["drain"] = drained(way.ops)
        values["rss"] = way.process.rss()
        return values


@contextlib.contextmanager
def bench(programs: tools.CacheTools, redis: str | None, patience: float) -> Iterator[QueueBench]:
    """Everything started: the upstream and the load on one core, the ways on the other."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)

        def start(peer: Peer, core: int) -> Process:
            log = folder / f"{peer.name}.log"
            process = started(peer.command, core=core, port=peer.port, log=log)
            return stack.enter_context(process)

        port = free_port()
        place = "location / { default_type application/json; return 200 '{\"messages\":[]}'; }"
        command = peers.nginx(programs.nginx, folder / "upstream", port, place)
        direct = Peer("direct", port, _PATH, command)
        ways = [Way(direct, start(direct, LOAD_CORE))]

        def sidecar(name: str, spool: str, mode: str = "always") -> None:
            proxy, ops = free_port(), free_port()
            config = folder / f"{name}.yaml"
            config.write_text(_config(port, ops, proxy, spool, mode))
            command = (sys.executable, "-m", "sidecar", "run", "-c", str(config))
            peer = Peer(name, proxy, f"/whatsapp{_PATH}", command)
            queues = mode == "always"
            ways.append(Way(peer, start(peer, PROXY_CORE), ops if queues else None))

        sidecar("live", "", "never")
        sidecar("SQLite", f'stores: {{ spool: {{ kind: sqlite, path: "{folder}/spool.db" }} }}')
        for fsync in ("always", "everysec") if redis else ():
            server = free_port()
            options = ["--port", str(server), "--save", "", "--dir", str(folder)]
            options += ["--appendonly", "yes", "--appendfsync", fsync]
            options += ["--appenddirname", fsync]
            command = (str(redis), *options)
            start(Peer(f"redis-{fsync}", server, "", command), LOAD_CORE)
            url = f"redis://127.0.0.1:{server}"
            spool = f'{{ kind: redis, url: "{url}", max_deliveries: 1000000 }}'
            sidecar(f"Redis {fsync}", f"stores: {{ spool: {spool} }}")
        yield QueueBench(programs.wrk, ways, patience)


def fsync_micros() -> float:
    """What one small write costs that is on the disk, in µs: the median of 200."""
    with tempfile.NamedTemporaryFile() as file:
        times = []
        for _ in range(200):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def main() -> int:
    """Run it; 0 when there are figures, 1 when there are none, 2 for a wrong flag."""
    args = kept.parser("queue", __doc__, "2 short rounds", 5).parse_args()
    plan = QUICK if args.quick else Plan()
    plan = replace(plan, rounds=args.rounds) if args.rounds is not None else plan
    try:
        with kept.on_two_cores("the sidecar", "the rest"):
            programs = tools.find_for_cache()
            fsync = {"fdatasync": f"{fsync_micros():.0f} µs"}
            where = machine.describe({**programs.versions(), **fsync})
            with bench(programs, shutil.which("redis-server"), plan.patience) as running:
                rounds = running.run(plan)
    except kept.NoFigures:
        return 1
    settings = (
        f"{plan.rounds} interleaved rounds of {plan.seconds} s for each figure; the sidecar on one "
        "core, load, upstream and Redis on the other; deliveries go on while calls are accepted"
    )
    found = kept.Rounds(rounds, plan, where, running.quiet)
    kept.show(found, SHOWN, settings, None if args.quick else "queue")
    return 0


if __name__ == "__main__":
    sys.exit(main())
