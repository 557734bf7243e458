"""One soak: load without a pause, a fault after the other, and what must hold at the end."""

import asyncio
import os
import shutil
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from tests.simulation.applications import Applications
from tests.simulation.deliveries import all_of, some_wait
from tests.soak import report
from tests.soak.chaos import CALM, DEADLY, Calendar, Chaos, Disk, Providers
from tests.soak.figures import faults, figures
from tests.soak.seen import Fault, Seen
from tests.soak.subject import Subject
from tests.support.ports import free_port
from tests.support.raw import ask, get
from tests.support.redis import redis_server

WARM_UP = 8.0
WELL = 15.0
"""Seconds within which calls succeed again after a fault, on a machine that is busy."""
IN_A_ROW = 5
QUIET = 60.0
GROWTH, FILES = 12 * 2**20, 12
"""What memory may grow from the first third of the calm part to the last, and files."""
CALM_PART = 0.75


class Soak:
    """The run."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.seen = Seen(self._now)
        self._applications = Applications("soak", self.seen)
        self._applications.rate = 8.0
        self._samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._calm_until = seconds
        self.skipped: dict[str, str] = {}
        self.failures: list[str] = []
        self._subject: Subject
        self._providers: Providers
        self._chaos: Chaos

    def _now(self) -> float:
        return self._loop.time() - self._began

    def _say(self, what: str) -> None:
        print(f"{self._now():7.1f} s  {what}", file=sys.stderr, flush=True)

    async def run(self, folder: Path) -> dict[str, Any]:
        """All of it, and what is to be reported."""
        async with AsyncExitStack() as stack:
            await self._set_up(folder, stack)
            self._began = self._loop.time()
            calls = asyncio.ensure_future(self._applications.run())
            sampling = asyncio.ensure_future(self._sample())
            await asyncio.sleep(WARM_UP)
            await self._suffer(CALM, self._seconds * CALM_PART)
            self._calm_until = self._now()
            await self._suffer(DEADLY, self._seconds)
            self._applications.stopped = True
            await calls
            states = await self._quiet()
            await self._judge(states)
            sampling.cancel()
            code = await self._subject.end(signal.SIGTERM)
            self._holds(code == 0, f"it ended with {code}")
        return {
            "seconds": self._now(),
            "failures": self.failures,
            "skipped": self.skipped,
            "by_fault": dict(self.seen.by_fault),
            "figures": figures(self.seen, states, starts=self._subject.starts),
            "faults": faults(self.seen),
        }

    async def _set_up(self, folder: Path, stack: AsyncExitStack) -> None:
        redis = await stack.enter_async_context(redis_server(folder))
        disk, calendar = Disk(folder), Calendar(folder)
        stack.callback(disk.close)
        rows, messages = free_port(), free_port()
        self._providers = Providers(rows, messages)
        stack.push_async_callback(self._providers.close)
        await self._providers.start()
        places = {"rows": rows, "messages": messages, "redis": redis.url, "spool": disk.folder}
        self._subject = Subject(folder, places, calendar.environment)
        stack.push_async_callback(self._subject.close)
        self._subject.write()
        await self._providers.tell(life=1)
        await self._subject.start()
        self._applications.address = self._subject.address
        around = (self._subject, self._providers, redis, disk, calendar)
        self._chaos = Chaos(*around, self._applications)

    async def _suffer(self, names: tuple[str, ...], until: float) -> None:
        """Each fault once at least, then again until it is time."""
        number = 0
        long = self._seconds > 200
        while number < len(names) or self._now() < until:
            name = names[number % len(names)]
            number += 1
            if (why := self._chaos.why_not(name)) is not None:
                self.skipped[name] = why
                continue
            self._say(f"{name:18} {sum(self.seen.begun.values())} calls so far")
            fault = Fault(name, self._now())
            self.seen.faults.append(fault)
            await self._chaos.make(name, 6.0 if long else 1.5)
            fault.ended = self._now()
            await self._well(fault)
            await asyncio.sleep(3.0 if long else 0.3)

    async def _well(self, fault: Fault) -> None:
        """Wait until calls succeed."""
        row = 0
        assert fault.ended is not None
        while row < IN_A_ROW:
            if self._now() - fault.ended > WELL:
                self.failures.append(f"{fault.name}: calls did not succeed within {WELL:g} s")
                break
            good = False
            with suppress(OSError, EOFError, TimeoutError):
                asked = get("/api/raw/1", "Authorization: Bearer probe", "X-Nr: 0")
                async with asyncio.timeout(3):
                    good = (await ask(self._subject.address, asked)).status == 200
            row = row + 1 if good else 0
            await asyncio.sleep(0.03)
        fault.well_at = self._now()

    async def _sample(self) -> None:
        while True:
            with suppress(OSError, EOFError, ValueError, IndexError):
                for name, value in (await self._subject.sample()).items():
                    self._samples[name].append((self._now(), value))
            await asyncio.sleep(0.5)

    async def _quiet(self) -> dict[str, dict[str, object]]:
        """All deliveries, once none waits."""
        address = self._subject.address
        began = self._now()
        while await some_wait(address):
            if self._now() - began > QUIET:
                self.failures.append(f"deliveries still wait after {QUIET:g} s")
                break
            await asyncio.sleep(0.2)
        return await all_of(address)

    def _holds(self, truth: bool, otherwise: str) -> None:
        if not truth:
            self.failures.append(otherwise)

    async def _judge(self, states: dict[str, dict[str, object]]) -> None:
        seen = self.seen
        told = await self._providers.tell(tell=True)
        seen.sent.update({int(number): count for number, count in told["sent"].items()})
        seen.lanes.update(told["lanes"])
        seen.judge_messages(states)
        self.failures += seen.violations + told["violations"]
        self.failures += [f"no fault explains: {each}" for each in seen.unexplained[:20]]
        self._holds(all(code == 0 for code in self._chaos.exits), f"exits {self._chaos.exits}")
        self._flat("rss", GROWTH)
        self._flat("files", FILES)
        await asyncio.sleep(2.0)
        now = await self._subject.sample()
        for name in ("sidecar_inflight_exchanges", "sidecar_limit_inflight"):
            self._holds(now[name] == 0, f"{name} is {now[name]:g} at the end")

    def _flat(self, name: str, most: float) -> None:
        """Over the calm part, the last third is not above the first."""
        calm = [value for at, value in self._samples[name] if WARM_UP < at < self._calm_until]
        third = len(calm) // 3
        grown = statistics.median(calm[-third:]) - statistics.median(calm[:third])
        self.seen.counts[f"grown {name}"] = int(grown)
        self._holds(grown <= most, f"{name} has grown by {grown:.0f}")

    def series(self) -> dict[str, list[tuple[float, float]]]:
        """What is drawn."""
        seconds = range(int(self._now()) + 1)
        return {
            "memory, MiB": [(at, value / 2**20) for at, value in self._samples["rss"]],
            "open files": self._samples["files"],
            "calls a second": [(float(s), float(self.seen.begun[s])) for s in seconds],
            "failed a second": [(float(s), float(self.seen.errors[s])) for s in seconds],
        }


async def soak(seconds: float, folder: Path) -> dict[str, Any]:
    """Run, report into `folder`, and say what came of it."""
    scratch = Path(tempfile.mkdtemp(prefix="sidecar-soak-"))
    run = Soak(seconds)
    try:
        result = await run.run(scratch)
    except BaseException:
        print((scratch / "sidecar.log").read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        if os.environ.get("KEEP") != "1":
            shutil.rmtree(scratch, ignore_errors=True)
    report.write(folder, result, run.series())
    return result
