"""One run: a seed becomes a schedule of faults, and the whole sidecar lives through it.

Everything that happens is decided by the seed: what providers do, what applications ask, how long
messages and commits take, when the sidecar is reloaded, stopped and killed, and what it draws.
"""

import asyncio
import gc
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests.simulation.applications import Applications
from tests.simulation.configured import API, CACHE, INFLIGHT, MSG
from tests.simulation.deliveries import all_of, some_wait
from tests.simulation.disk import simulated_disk
from tests.simulation.journal import Journal
from tests.simulation.lives import Lives
from tests.simulation.machine import SimulatedLoop
from tests.simulation.order import in_order
from tests.simulation.providers import MOODS, Messages, Mood, Provider, Rows

CLOCK = 1800.0
"""Seconds by which the calendar is set forward or back at the most."""
PATIENCE = 10 * CLOCK
"""Virtual seconds for what waits for an instant of the calendar."""
SETTLED = 30.0
"""Virtual seconds after which nothing is under way any more that nobody asks for."""
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


class Simulation:
    """The world around one sidecar, which dies and is started again."""

    def __init__(
        self, seed: int, seconds: float, folder: Path, show: Callable[[str], None] | None
    ) -> None:
        self._seed = seed
        self._seconds = seconds
        self._dice = Random(f"{seed} world")
        self._loop: SimulatedLoop = asyncio.get_running_loop()  # type: ignore[assignment]
        self.journal = Journal(self._loop.time, show)
        self._applications = Applications(str(seed), self.journal)
        self._providers: dict[int, Provider] = {}
        for kind, port in ((Rows, API), (Messages, MSG)):
            moods = self._moods()
            name = kind.__name__.lower()
            self._providers[port] = kind(name, port, str(seed), self.journal, moods)
        self._lives = Lives(seed, folder, self._dice, self.journal, self._applications)
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

    # What happens to the sidecar.

    async def _happen(self, what: Event) -> None:
        lives, dice = self._lives, self._dice
        self.journal.say("happens", event=what)
        if what == "reload":
            await lives.reload()
        elif what == "bad-reload":
            await lives.reload_in_vain()
        elif what == "kill":
            await lives.kill()
        elif what == "stop":
            await lives.stop()
            await asyncio.sleep(dice.uniform(0.0, 1.0))
            await lives.start()
        elif what == "clock-forward":
            lives.clock.offset += dice.uniform(1, CLOCK)
        elif what == "clock-back":
            lives.clock.offset -= dice.uniform(1, CLOCK)
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
            sidecar = self._lives.sidecar
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
        await self._lives.start()
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
        await self._lives.stop()
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
            while await some_wait(address):
                await asyncio.sleep(1)
        return await all_of(address)

    async def _rest(self) -> None:
        """Nothing is held by nobody, once what nobody waits for has ended."""
        holds = self.journal.holds
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED):
                while self._lives.held():
                    await asyncio.sleep(0.2)
        held = self._lives.held()
        holds(not held, "nothing-inflight", f"{held}")


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
