"""One run: a seed becomes a schedule of faults, and the whole sidecar lives through it.

Everything that happens is decided by the seed: what providers do, what applications ask, how long
messages and commits take, when the sidecar is reloaded, stopped and killed, and what it draws.
"""

import asyncio
import gc
import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from sidecar.app import Sidecar
from sidecar.loader import loads
from sidecar.reloading import Fresh, Unusable
from tests.simulation.applications import TOTAL, Applications
from tests.simulation.disk import simulated_disk
from tests.simulation.journal import Journal
from tests.simulation.machine import Process, SimulatedLoop
from tests.simulation.order import in_order
from tests.simulation.providers import MOODS, Messages, Mood, Provider, Rows
from tests.support.raw import ask, get

API, MSG = 7001, 7002
INFLIGHT, CACHE = 6, 100_000
DRAIN = 3.0
CLOCK = 1800.0
"""Seconds by which the calendar is set forward or back at the most."""
PATIENCE = 10 * CLOCK
"""Virtual seconds for what waits for an instant of the calendar."""
SETTLED = 30.0
"""Virtual seconds after which nothing is under way any more that nobody asks for."""
CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
drain_timeout: {drain}s
upstreams:
  api:
    url: http://api.test:{api}
    timeouts: {{connect: 1s, first_byte: 2s, idle: 3s, send: 3s, total: {total}s}}
    pool: {{max_connections: 20, max_wait: 1s}}
    limit: {{mode: {mode}, inflight: {inflight}, max_wait: 500ms}}
    retry: {{attempts: {attempts}, base: 50ms, budget: {{ratio: 0.2, burst: 30}}}}
    breaker: {{hold: {hold}}}
    dns: {{ttl: 5s}}
    routes:
      - name: lists
        match: {{methods: [GET], path: /rest/v1/lists}}
        cache:
          ttl: 5s
          tags: table
          prefetch: [{{target: "/rest/v1/items?id=eq.{{$.rows[*].id}}"}}]
      - name: items
        match: {{path: /rest/v1/**}}
        cache: {{ttl: {ttl}, stale_while_revalidate: {swr}, stale_if_error: 1m, tags: table}}
        invalidates: [table]
        hedge: {{enabled: true, min_samples: 5, ratio: 0.2}}
      - {{name: stream, match: {{path: /stream/**}}}}
      - {{name: raw, match: {{path: /raw/**}}}}
  pay:
    url: http://api.test:{api}
    timeouts: {{connect: 1s, first_byte: 2s, total: {total}s}}
    ledger: {{honoured: false}}
  msg:
    url: http://msg.test:{msg}
    timeouts: {{connect: 1s, first_byte: 2s, total: {total}s}}
    pace: [{{rate: 20/s, burst: 20, max_wait: 2s}}]
    routes:
      - name: messages
        match: {{methods: [POST], path: "/{{version}}/{{phone_number_id}}/messages"}}
        queue:
          mode: always
          order: phone_number_id+$.to
          schedule: {{base: 200ms, cap: 2s}}
          attempts: 1000
          expires: 1d
          at_once: {at_once}
stores:
  secret: a secret of simulations
  memory: {{max_size: {cache}B, max_object: 60000B}}
  spool: {{kind: sqlite, path: "{folder}/spool.db"}}
"""
Event = str
EVENTS: dict[Event, int] = {
    "reload": 4, "bad-reload": 2, "kill": 2, "stop": 2, "clock-forward": 1, "clock-back": 1,
    "no-names": 1, "rush": 2,
}  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    seed: int
    digest: str
    lines: int
    seconds: float
    """Virtual ones."""
    violations: list[str]
    counts: dict[str, int] = field(default_factory=dict)


class SimulatedClock:
    """The loop's time, and a calendar that can be set."""

    def __init__(self) -> None:
        self.offset = 1_700_000_000.0

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return self.offset + self.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Simulation:
    """The world around one sidecar, which dies and is started again."""

    def __init__(
        self, seed: int, seconds: float, folder: Path, show: Callable[[str], None] | None
    ) -> None:
        self._seed = seed
        self._seconds = seconds
        self._folder = folder
        self._dice = Random(f"{seed} world")
        self._loop: SimulatedLoop = asyncio.get_running_loop()  # type: ignore[assignment]
        self.journal = Journal(self._loop.time, show)
        self._clock = SimulatedClock()
        self._applications = Applications(str(seed), self.journal)
        self._providers: dict[int, Provider] = {}
        for kind, port in ((Rows, API), (Messages, MSG)):
            moods = self._moods()
            name = kind.__name__.lower()
            self._providers[port] = kind(name, port, str(seed), self.journal, moods)
        self._process: Process | None = None
        self._sidecar: Sidecar | None = None
        self._fresh = self._variant()
        self._names = True
        self._loop.meets = lambda port: (
            self._providers[port].meets() if port in (API, MSG) else None
        )
        self._loop.resolves = lambda _host: self._names

    def _moods(self) -> list[Mood]:
        """Well, then anything for a while, and so on; well before the end."""
        moods, at = [], self._dice.uniform(1, 10)
        while at < self._seconds * 0.9:
            moods.append(Mood(at, self._dice.choice(list(MOODS))))
            at += self._dice.expovariate(1 / 8)
            moods.append(Mood(at, self._dice.choice(("well", "flaky"))))
            at += self._dice.expovariate(1 / 8)
        return [*moods, Mood(self._seconds, "well")]

    def _variant(self) -> Fresh:
        dice = self._dice
        text = CONFIG.format(
            api=API, msg=MSG, folder=self._folder, drain=DRAIN, total=TOTAL, inflight=INFLIGHT,
            cache=CACHE, mode="fixed" if self._seed % 2 else "adaptive",
            attempts=dice.choice((2, 3)), hold=dice.choice(("0s", "1s", "4s")),
            ttl=dice.choice(("2s", "20s")), swr=dice.choice(("0s", "5s")),
            at_once=dice.choice((1, 4, 32)),
        )  # fmt: skip
        return Fresh(loads(text, env={}).config)

    # The life of the sidecar.

    async def _start(self) -> None:
        self.journal.life += 1
        process = Process(f"sidecar {self.journal.life}")
        draw = Random(f"{self._seed} life {self.journal.life}").random
        fresh = self._fresh

        async def start() -> Sidecar:
            made = Sidecar(fresh, clock=self._clock, source=self._read, draw=draw)
            await made.start()
            return made

        self._sidecar = await process.run(start(), self._loop)
        self._process = process
        self._applications.address = self._sidecar.bound["proxy"][0]
        self.journal.say("started", life=self.journal.life)

    def _read(self) -> Fresh:
        if self._fresh is None:
            raise Unusable(["simulated"])
        return self._fresh

    async def _inside(self, work: Any) -> Any:
        """Do it as the sidecar."""
        assert self._process is not None
        return await self._process.run(work, self._loop)

    async def _kill(self) -> None:
        assert self._process is not None
        self.journal.say("killed")
        self._applications.address = None
        await self._process.kill()
        await asyncio.sleep(self._dice.uniform(0.0, 2.0))
        await self._start()

    async def _stop(self) -> None:
        sidecar, process = self._sidecar, self._process
        assert sidecar is not None
        assert process is not None
        began = self._loop.time()
        self.journal.say("stopping")
        await self._inside(sidecar.drain())
        took = self._loop.time() - began
        self._applications.address = None
        self.journal.say("stopped", took=f"{took:.6f}")
        self.journal.holds(took < DRAIN + 3.0, "drain", f"it took {took:.3f} s")
        await asyncio.sleep(0.1)
        left = sorted(repr(task.get_coro()) for task in process.tasks)
        self.journal.holds(not left, "no-task-left", f"{left}")
        self.journal.holds(not process.transports, "no-connection-left", f"{process.transports}")

    # What happens to it.

    async def _happen(self, what: Event) -> None:
        sidecar, dice = self._sidecar, self._dice
        assert sidecar is not None
        self.journal.say("happens", event=what)
        if what == "reload":
            self._fresh = self._variant()
            outcome = await self._inside(sidecar.reloading.reload("simulation"))
            self.journal.holds(outcome.ok, "reload", f"{outcome.errors}")
        elif what == "bad-reload":
            before, kept = sidecar.reloading.config, self._fresh
            self._fresh = None  # type: ignore[assignment]
            outcome = await self._inside(sidecar.reloading.reload("simulation"))
            self._fresh = kept
            same = not outcome.ok and sidecar.reloading.config is before
            self.journal.holds(same, "bad-reload", "it changed something")
        elif what == "kill":
            await self._kill()
        elif what == "stop":
            await self._stop()
            await asyncio.sleep(dice.uniform(0.0, 1.0))
            await self._start()
        elif what == "clock-forward":
            self._clock.offset += dice.uniform(1, CLOCK)
        elif what == "clock-back":
            self._clock.offset -= dice.uniform(1, CLOCK)
        elif what == "no-names":
            self._names = False
            await asyncio.sleep(dice.uniform(1, 15))
            self._names = True
        elif what == "rush":
            self._applications.rate = 25.0
            await asyncio.sleep(dice.uniform(1, 3))
            self._applications.rate = 4.0

    async def _watch(self) -> None:
        """Look at what is bounded, twice a second."""
        while True:
            await asyncio.sleep(0.5)
            sidecar = self._sidecar
            if sidecar is None:
                continue
            size = sidecar._parts.caching.entries.memory.size  # type: ignore[attr-defined]
            self.journal.holds(size <= CACHE, "cache-size", f"{size} bytes")
            for name, shared in sidecar._parts.resilience.items():
                inflight = shared.limiter.inflight
                most = INFLIGHT if name == "api" else 100
                self.journal.holds(inflight <= most, "inflight", f"{name}: {inflight}")

    async def run(self) -> Outcome:
        """All of it."""
        journal = self.journal
        for each in self._providers.values():
            await each.upstream.__aenter__()
        await self._start()
        calls = asyncio.ensure_future(self._applications.run())
        watch = asyncio.ensure_future(self._watch())
        while (now := self._loop.time()) < self._seconds:
            await asyncio.sleep(min(self._dice.expovariate(1 / 6), self._seconds - now + 0.001))
            if self._loop.time() < self._seconds:
                await self._happen(self._dice.choices(list(EVENTS), list(EVENTS.values()))[0])
        self._applications.stopped = True
        await calls
        journal.judge_messages(await self._quiet())
        await self._rest()
        watch.cancel()
        await self._stop()
        for each in self._providers.values():
            journal.holds(not each.upstream.open_connections, "no-connection-left", each.name)
            await each.upstream.__aexit__(None, None, None)
        journal.say("end")
        return Outcome(
            self._seed,
            journal.digest,
            journal.lines,
            self._loop.time(),
            journal.violations,
            dict(journal.counts),
        )

    async def _quiet(self) -> dict[str, dict[str, object]]:
        """All deliveries, once none waits."""
        address = self._applications.address
        assert address is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                page = await ask(address, get("/_sidecar/deliveries?state=queued,sending&limit=1"))
                if not json.loads(page.body)["deliveries"]:
                    break
                await asyncio.sleep(1)
        found: dict[str, dict[str, object]] = {}
        after = ""
        while True:
            more = f"&after={after}" if after else ""
            answer = await ask(address, get(f"/_sidecar/deliveries?limit=500{more}"))
            page_of = json.loads(answer.body)
            found |= {row["id"]: row for row in page_of["deliveries"]}
            after = page_of["next"]
            if not after:
                return found

    async def _rest(self) -> None:
        """Nothing is held by nobody, once what nobody waits for has ended."""
        holds = self.journal.holds
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED):
                while self._held():
                    await asyncio.sleep(0.2)
        held = self._held()
        holds(not held, "nothing-inflight", f"{held}")

    def _held(self) -> list[str]:
        """What is under way."""
        sidecar = self._sidecar
        assert sidecar is not None
        found = [repr(sidecar._listener)] if sidecar._listener.busy else []
        for name, shared in sidecar._parts.resilience.items():
            if shared.limiter.inflight:
                found.append(f"{name}: {shared.limiter!r}")
        for name, transport in sidecar._parts.transports.items():
            stats = transport.pool.stats
            if transport.pool._busy or stats.open != stats.idle or stats.waiters:
                found.append(f"{name}: {stats}")
        return found


def simulate(
    seed: int, seconds: float = 60.0, show: Callable[[str], None] | None = None
) -> Outcome:
    """The same seed gives the same history.

    Args:
        seed: what everything follows from.
        seconds: how long things go wrong; then all that is under way is let end.
        show: is told each line of the log.
    """
    wrong: list[dict[str, Any]] = []
    loop = SimulatedLoop(Random(f"{seed} network"))
    loop.set_exception_handler(lambda _loop, context: wrong.append(context))
    collecting = gc.isenabled()
    gc.disable()  # when it is collected must not depend on what was done before
    try:
        with TemporaryDirectory(prefix="sidecar-simulation-") as folder, ExitStack() as stack:
            stack.enter_context(simulated_disk(Random(f"{seed} disk")))
            stack.enter_context(in_order())

            async def run() -> Outcome:
                return await Simulation(seed, seconds, Path(folder), show).run()

            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                outcome = runner.run(run())
    finally:
        if collecting:
            gc.enable()
    outcome.violations.extend(f"no-surprise: {each}" for each in wrong)
    return outcome
