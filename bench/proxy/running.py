"""Interleaved rounds: every contender in turn for each measurement, so that slow drifts hit all."""

import contextlib
import itertools
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import load
from bench.figures import DIRECT
from bench.load import LoadError, Run
from bench.measure import LOAD_CORE, PROXY_CORE, with_cpu
from bench.peers import SIDECAR
from bench.processes import Process, StartError, free_port, started
from bench.proxy import events
from bench.proxy.contenders import Found
from bench.proxy.measurements import PACED_CONNECTIONS, RATE, Measurement, Plan
from bench.proxy.place import TLS, Contender, Door, Place
from bench.proxy.upstreams import Upstreams, upstreams
from bench.quiet import Quiet

_WARM = 32
_FAILED = 0.01
"""The share of the requests that may fail: a peer that sheds a little is measured all the same."""


@dataclass(slots=True)
class Measured:
    """The raw values of all rounds, and how much the machine was disturbed."""

    rounds: list[dict[str, dict[str, float]]] = field(default_factory=list)
    """By contender, by figure."""
    noise: dict[str, list[float]] = field(default_factory=dict)
    """Share of all cores' time that others used, by measurement, in the order in which it was."""
    failures: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Why values are missing, by contender and measurement, once for each."""
    repeated: int = 0
    """Measurements thrown away because others used more than a tenth."""


class Bench:
    """The running contenders and the figures taken so far.

    Args:
        wrk: the path of the load's program.
        behind: the upstreams.
        running: by name; what is measured directly has no process.
        left_out: peers that did not start, and why.
    """

    def __init__(
        self,
        wrk: str,
        behind: Upstreams,
        running: Mapping[str, tuple[Contender, Process | None]],
        left_out: Mapping[str, str],
    ) -> None:
        self.left_out = left_out
        self._wrk = wrk
        self._behind = behind
        self._running = running
        self._ours = [process for _, process in running.values() if process]
        self._found = Measured()
        self._wrong: set[tuple[str, str]] = set()
        """Contenders and measurements that did not work at all."""

    def run(self, plan: Plan) -> Measured:
        """All rounds. What fails twice in a round, or answers wrongly, has no value and is told."""
        quiet = Quiet([*self._ours, *self._behind.processes], plan.patience)
        idle = self._memory()
        self._warm(plan)
        for number in range(plan.rounds):
            print(f"bench: round {number + 1} of {plan.rounds}", file=sys.stderr)
            self._found.rounds.append({name: {} for name in self._running})
            for one in plan.measurements:
                for count, name in itertools.product(one.connections, self._turned(number)):
                    self._take(name, one, count, plan, quiet)
        after = self._memory()
        for name in idle:
            self._found.rounds[-1][name] |= {"rss_idle": idle[name], "rss_after": after[name]}
        self._found.repeated = quiet.repeated
        return self._found

    def _memory(self) -> dict[str, float]:
        return {name: process.rss() for name, (_, process) in self._running.items() if process}

    def _turned(self, number: int) -> list[str]:
        """Names in another order each round: what came before somebody is not always the same."""
        names = list(self._running)
        first = number % len(names)
        return names[first:] + names[:first]

    def _warm(self, plan: Plan) -> None:
        """See that everyone answers rightly, and let all that is made on first use be made."""
        for name, (contender, _) in self._running.items():
            for one in plan.measurements:
                if one.target not in contender.doors:
                    continue
                try:
                    _verify(contender.doors[one.target], one)
                    if one.kind == "closed":
                        self._closed(contender.doors[one.target], one, _WARM, 1)
                except (LoadError, OSError) as error:
                    self._wrong.add((name, one.name))
                    self._failed(name, one.name, error)

    def _failed(self, name: str, what: str, error: Exception) -> None:
        why = str(error).splitlines()[0]
        print(f"bench: {name}, {what}: {why}", file=sys.stderr)
        self._found.failures.setdefault(name, {}).setdefault(what, []).append(why)

    def _take(self, name: str, one: Measurement, count: int, plan: Plan, quiet: Quiet) -> None:
        contender, process = self._running[name]
        if one.target not in contender.doors or (name, one.name) in self._wrong:
            return
        door = contender.doors[one.target]
        for tries_left in (1, 0):
            try:
                values = quiet.measure(lambda: self._values(door, process, one, count, plan))
            except LoadError as error:
                if not tries_left:
                    self._failed(name, one.key(count), error)
                continue
            keyed = {f"{one.key(count)}/{key}": value for key, value in values.items()}
            self._found.rounds[-1][name] |= keyed
            self._found.noise.setdefault(one.key(count), []).append(quiet.noise[-1])
            return

    def _values(
        self, door: Door, process: Process | None, one: Measurement, count: int, plan: Plan
    ) -> dict[str, float]:
        def load_it() -> Run:
            if one.kind == "events":
                return events.streamed(door, plan.streams)
            if one.kind == "closed":
                return self._closed(door, one, count, plan.seconds)
            return load.paced(
                door.port,
                door.prefix + one.path,
                rate=RATE,
                connections=PACED_CONNECTIONS,
                seconds=plan.paced,
            )

        if process is None:
            return _times(one, load_it())
        before = self._behind.connections()
        run, cpu = with_cpu(process, load_it)
        # One for each connection of the load is no sign that connections are not kept.
        opened = max(0, self._behind.connections() - before - count) / run.requests * 1000
        failed = run.failed / run.requests
        more = {"opened": opened, "failed": failed} if one.kind == "closed" else {}
        return _times(one, run) | {"cpu": cpu} | more

    def _closed(self, door: Door, one: Measurement, count: int, seconds: int) -> Run:
        return load.closed_loop(
            self._wrk,
            door.url(one.path),
            connections=count,
            seconds=seconds,
            core=LOAD_CORE,
            body=one.body,
            tolerated=_FAILED,
        )


def _times(one: Measurement, run: Run) -> dict[str, float]:
    rate = {"rate": run.rate} if one.kind == "closed" else {}
    return {**rate, "p50": run.p50, "p99": run.p99}


def _verify(door: Door, one: Measurement) -> None:
    body = events.BODY if one.kind == "events" else b'"' + b"x" * (one.body - 2) + b'"'
    sent = body if one.body or one.kind == "events" else None
    headers = {**dict(load.HEADERS), "Content-Type": "application/json"}
    request = urllib.request.Request(door.url(one.path), data=sent, headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        if one.kind == "events":
            right = answer.readline().startswith(b"data: ")
        else:
            right = len(answer.read()) == one.answer
        if answer.status != 200 or not right:
            raise LoadError("it does not answer as the upstream does")


@contextlib.contextmanager
def bench(wrk: str, nginx: str, peers: Mapping[str, Found], folder: Path) -> Iterator[Bench]:
    """Everything started: the upstreams beside the load on one core, the peers on the other.

    Raises:
        StartError: an upstream or the sidecar did not start.
    """
    left_out: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        behind = stack.enter_context(upstreams(nginx, folder))
        doors = {target: Door(port) for target, port in behind.ports.items() if target != TLS}
        running: dict[str, tuple[Contender, Process | None]] = {
            DIRECT: (Contender(DIRECT, (), doors), None)
        }
        for name, peer in peers.items():
            own = folder / name
            own.mkdir()
            place = Place(own, free_port(), behind.ports, behind.authority)
            contender = peer.configure(peer.program, place)
            log = folder / f"{name}.log"
            process = started(contender.command, core=PROXY_CORE, port=place.port, log=log)
            try:
                running[contender.name] = (contender, stack.enter_context(process))
            except StartError as error:
                if name == SIDECAR:
                    raise
                left_out[name] = str(error).splitlines()[-1]
        yield Bench(wrk, behind, running, left_out)
