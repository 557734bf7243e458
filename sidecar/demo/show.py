"""The demonstration from start to end: world, load, table, and what to try afterwards."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sidecar.demo.child import PREFERRED, StartError
from sidecar.demo.figures import Figures
from sidecar.demo.load import SUBJECTS, Load
from sidecar.demo.plan import arrivals
from sidecar.demo.screen import Screen
from sidecar.demo.table import WIDTH, table
from sidecar.demo.weather import LEVELS
from sidecar.demo.words import (
    ABOUT,
    HONEST,
    STILL_RUNNING,
    curl_lines,
    failure_lines,
    simulated_lines,
    trouble_now,
)
from sidecar.demo.workload import workload
from sidecar.demo.world import World, world

PATIENCE = 4.0
"""Seconds that calls under way are waited for when the load ends."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    duration: float
    rate: float
    seed: int
    chaos: str
    time_scale: float
    once: bool
    json: bool


async def show(options: Options) -> int:
    """Run the demonstration. Returns the exit code: 0 also when it was interrupted.

    A load that is interrupted still shows its table.
    """
    screen = Screen.on(sys.stderr if options.json else sys.stdout)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    screen.say(*ABOUT, "", "Starting ...")
    try:
        async with world(
            seed=options.seed, chaos=LEVELS[options.chaos], time_scale=options.time_scale
        ) as running:
            return await _perform(options, screen, running, stopped)
    except StartError as error:
        sys.stderr.write(f"sidecar demo: {error}\n")
        return 1
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def _perform(options: Options, screen: Screen, running: World, stopped: asyncio.Event) -> int:
    screen.say(*_addresses(running), "")
    ended = asyncio.create_task(running.sidecar.process.wait())
    interrupted = asyncio.create_task(stopped.wait())
    enough: tuple[asyncio.Task[Any], ...] = (ended, interrupted)
    try:
        figures = await _measure(options, screen, running, enough)
        if options.json:
            sys.stdout.write(json.dumps(_report(options, figures), indent=2) + "\n")
        elif not (options.once or stopped.is_set() or ended.done()):
            running.end_trouble()
            lines = curl_lines(running.sidecar.proxy, running.sidecar.ops)
            screen.say("", *lines, "", *STILL_RUNNING)
            await asyncio.wait(enough, return_when=asyncio.FIRST_COMPLETED)
        if ended.done() and not stopped.is_set():
            sys.stderr.write(f"sidecar demo: the sidecar ended:\n{running.sidecar.last_words()}\n")
            return 1
        return 0
    finally:
        for task in enough:
            task.cancel()
        await asyncio.gather(*enough, return_exceptions=True)


async def _measure(
    options: Options, screen: Screen, running: World, enough: Collection[asyncio.Task[Any]]
) -> Figures:
    figures = Figures(SUBJECTS)
    load = Load(running.access, figures, running.time_scale)
    plan = arrivals(workload(), seed=options.seed, rate=options.rate)
    work = asyncio.create_task(load.run(plan, duration=options.duration, patience=PATIENCE))
    async with _pictures(options, screen, running, figures):
        await asyncio.wait({work, *enough}, return_when=asyncio.FIRST_COMPLETED)
        work.cancel()
        await asyncio.wait({work})
    if not work.cancelled():
        work.result()
    running.count_connections(figures)
    screen.draw([*table(figures, colour=screen.colour), "", *failure_lines(figures), "", *HONEST])
    return figures


@asynccontextmanager
async def _pictures(
    options: Options, screen: Screen, running: World, figures: Figures
) -> AsyncIterator[None]:
    task = asyncio.create_task(_draw_on(options, screen, running, figures))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _draw_on(options: Options, screen: Screen, running: World, figures: Figures) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        await asyncio.sleep(screen.every)
        elapsed = loop.time() - began
        now = trouble_now(running.weather, running.workload_time())
        progress = f"{min(elapsed, options.duration):3.0f} s of {options.duration:.0f} s"
        if elapsed > options.duration:
            progress += ", waiting for the last answers"
        line = f"{progress} · trouble now: {now}"[:WIDTH]
        if screen.live:
            running.count_connections(figures)
            screen.draw([*table(figures, colour=screen.colour), "", line])
        else:
            screen.say(line)


def _addresses(running: World) -> list[str]:
    sidecar = running.sidecar
    lines = [f"Sidecar    {sidecar.proxy}   ops {sidecar.ops}   admin {sidecar.admin}"]
    if sidecar.moved:
        usual = " or ".join(map(str, PREFERRED))
        lines.append(f"           (port {usual} is taken, so these are others)")
    lines += [f"           config {sidecar.config}", f"           log    {sidecar.log}"]
    urls: dict[str, str] = {name: one.url for name, one in running.simulators.items()}
    return [*lines, *simulated_lines(urls)]


def _report(options: Options, figures: Figures) -> dict[str, object]:
    return {
        "duration_s": options.duration,
        "rate_per_s": options.rate,
        "seed": options.seed,
        "chaos": options.chaos,
        "time_scale": options.time_scale,
        "figures": figures.as_json(),
    }
