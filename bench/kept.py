"""What benches of costs have in common: their flags, their end, and what is kept of their rounds.

Knows nothing of what is measured.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import figures, report, tools
from bench.load import LoadError
from bench.measure import LOAD_CORE
from bench.processes import StartError
from bench.quiet import Quiet

RESULTS = Path(__file__).parent / "results"


class NoFigures(Exception):
    """The bench has ended without any; why has been said."""


@contextlib.contextmanager
def on_two_cores(measured: str, rest: str) -> Iterator[None]:
    """Run a bench with the load on a core of its own; ended from outside, it ends what it started.

    Args:
        measured: what has the first core.
        rest: what has the other one.

    Raises:
        NoFigures: a program is missing, did not start, or its answers were wrong.
    """
    if (os.cpu_count() or 1) < 2:
        print(f"bench: two cores are needed: one for {measured}, one for {rest}", file=sys.stderr)
        raise NoFigures
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        os.sched_setaffinity(0, {LOAD_CORE})
        yield
    except (tools.MissingTool, StartError, LoadError) as error:
        print(f"bench: {error}", file=sys.stderr)
        raise NoFigures from error


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was measured, and under which circumstances."""

    rounds: list[dict[str, dict[str, float]]]
    plan: Any
    """A dataclass."""
    where: Mapping[str, str]
    quiet: Quiet


def parser(name: str, about: str | None, quick: str, usual: int) -> argparse.ArgumentParser:
    """The flags that all have."""
    found = argparse.ArgumentParser(prog=f"bench.{name}", description=about)
    found.add_argument("--quick", action="store_true", help=f"{quick}; nothing is saved")
    found.add_argument("--rounds", type=int, metavar="N", help=f"how many (default: {usual})")
    return found


def show(found: Rounds, shown: report.Shown, settings: str, save_as: str | None) -> None:
    """Print the table; with `save_as`, keep it and all values under that name in `results/`."""
    table = figures.summarise(found.rounds, shown.figures)
    print(report.plain(table, shown))
    print(report.disturbance(found.quiet.noise))
    if save_as is None:
        return
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    kept: dict[str, object] = {
        "time": now.isoformat(timespec="seconds"),
        "machine": found.where,
        "plan": asdict(found.plan),
        "noise": found.quiet.noise,
        "repeated": found.quiet.repeated,
        "rounds": found.rounds,
    }
    (RESULTS / f"{save_as}.json").write_text(json.dumps(kept, indent=1) + "\n")
    text = report.markdown(table, found.where, found.quiet.noise, settings, f"{now.date()}", shown)
    (RESULTS / f"{save_as}.md").write_text(text)
