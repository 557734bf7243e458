"""The lives of one sidecar: it is started, reloaded, stopped, and killed."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

from sidecar.app import Sidecar
from sidecar.reloading import Fresh, Unusable
from tests.simulation.applications import Applications
from tests.simulation.configured import DRAIN, variant
from tests.simulation.journal import Journal
from tests.simulation.machine import SimulatedLoop
from tests.simulation.processes import Process


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


class Lives:
    """One life after the other, on the same disk; applications are told where it listens."""

    def __init__(
        self, seed: int, folder: Path, dice: Random, journal: Journal, applications: Applications
    ) -> None:
        self._seed = seed
        self._folder = folder
        self._dice = dice
        self._journal = journal
        self._applications = applications
        self._loop: SimulatedLoop = asyncio.get_running_loop()  # type: ignore[assignment]
        self.clock = SimulatedClock()
        self.sidecar: Sidecar | None = None
        self._process: Process | None = None
        self._fresh: Fresh | None = variant(seed, folder, dice)
        """What is written; None where that is no configuration."""

    async def start(self) -> None:
        """Begin one."""
        journal = self._journal
        journal.life += 1
        process = Process(f"sidecar {journal.life}")
        draw = Random(f"{self._seed} life {journal.life}").random
        fresh = self._read()

        async def start() -> Sidecar:
            made = Sidecar(fresh, clock=self.clock, source=self._read, draw=draw)
            await made.start()
            return made

        self.sidecar = await process.run(start(), self._loop)
        self._process = process
        self._applications.address = self.sidecar.bound["proxy"][0]
        journal.say("started", life=journal.life)

    def _read(self) -> Fresh:
        if self._fresh is None:
            raise Unusable(["simulated"])
        return self._fresh

    async def _inside(self, work: Any) -> Any:
        """Do it as the sidecar."""
        assert self._process is not None
        return await self._process.run(work, self._loop)

    async def kill(self) -> None:
        """End it as by SIGKILL, and begin another."""
        assert self._process is not None
        self._journal.say("killed")
        self._applications.address = None
        await self._process.kill()
        await asyncio.sleep(self._dice.uniform(0.0, 2.0))
        await self.start()

    async def stop(self) -> None:
        """End it in order: in time, and with nothing left."""
        sidecar, process = self.sidecar, self._process
        assert sidecar is not None
        assert process is not None
        holds = self._journal.holds
        began = self._loop.time()
        self._journal.say("stopping")
        await self._inside(sidecar.drain())
        took = self._loop.time() - began
        self._applications.address = None
        self._journal.say("stopped", took=f"{took:.6f}")
        holds(took < DRAIN + 3.0, "drain", f"it took {took:.3f} s")
        await asyncio.sleep(0.1)
        left = sorted(repr(task.get_coro()) for task in process.tasks)
        holds(not left, "no-task-left", f"{left}")
        holds(not process.transports, "no-connection-left", f"{process.transports}")

    async def reload(self) -> None:
        """Give it another configuration."""
        assert self.sidecar is not None
        self._fresh = variant(self._seed, self._folder, self._dice)
        outcome = await self._inside(self.sidecar.reloading.reload("simulation"))
        self._journal.holds(outcome.ok, "reload", f"{outcome.errors}")

    async def reload_in_vain(self) -> None:
        """Give it what is no configuration."""
        assert self.sidecar is not None
        reloading = self.sidecar.reloading
        before, kept = reloading.config, self._fresh
        self._fresh = None
        outcome = await self._inside(reloading.reload("simulation"))
        self._fresh = kept
        same = not outcome.ok and reloading.config is before
        self._journal.holds(same, "bad-reload", "it changed something")

    def held(self) -> list[str]:
        """What is under way in it."""
        sidecar = self.sidecar
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
