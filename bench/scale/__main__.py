"""`make bench-scale`: how cost grows, and how long the start takes."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, tools
from bench.load import LoadError
from bench.measure import LOAD_CORE
from bench.processes import StartError
from bench.scale import connections, report, start
from bench.scale.growth import DIMENSIONS, Dimension, Values

RESULTS = Path(__file__).parents[1] / "results"
_LONGEST = 3600


def main() -> int:
    """Run it; 0 when all grows as it may and starts in time, 1 when not or without figures."""
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is saved")
    names = [dimension.key for dimension in DIMENSIONS]
    parser.add_argument("--only", choices=[*names, "start"], help="one part; nothing is saved")
    parser.add_argument("--most", type=int, metavar="N", help="leave sizes above N out")
    args = parser.parse_args()
    parts = [args.only] if args.only else [*names, "start"]
    began = os.getloadavg()
    found: dict[str, Values] = {}
    try:
        for dimension in DIMENSIONS:
            if dimension.key in parts:
                sizes = dimension.quick if args.quick else dimension.sizes
                sizes = tuple(n for n in sizes if args.most is None or n <= args.most)
                print(f"bench: {dimension.title}", file=sys.stderr)
                found[dimension.key] = _measured(dimension, sizes, quick=args.quick)
        starts = start.starts(5 if args.quick else 15) if "start" in parts else []
    except (tools.MissingTool, StartError, LoadError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    run = report.Run(found, starts, machine.describe({}), (*began, *os.getloadavg()))
    print(report.plain(run))
    if not args.quick and not args.only:
        _save(run)
    return 0 if report.holds(run) else 1


def _measured(dimension: Dimension, sizes: Sequence[int], *, quick: bool) -> Values:
    if dimension.key == "connections":
        plan = connections.Plan(2.0, 10.0) if quick else connections.Plan(8.0, 120.0)
        affinity = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            return connections.measured(sizes, plan)
        finally:
            os.sched_setaffinity(0, affinity)
    return {size: _worker(dimension.key, size) for size in sizes}


def _worker(key: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.scale.worker", key, str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=_LONGEST)
    values: dict[str, float] = json.loads(done.stdout)
    return values


def _save(run: report.Run) -> None:
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    (RESULTS / "scale.json").write_text(json.dumps(report.as_json(run, now), indent=1) + "\n")
    (RESULTS / "scale.md").write_text(report.markdown(run, now))
    for name, picture in report.pictures(run):
        (RESULTS / f"scale-{name}.svg").write_text(picture)


if __name__ == "__main__":
    sys.exit(main())
