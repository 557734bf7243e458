"""`make bench-app`: the application of the workload behind each contender, on one schedule."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine, tools
from bench.app import plot, run, table
from bench.app.contenders import CONFIGS, EVERY, NAMES, SHIPPED
from bench.app.run import Measured, Plan, RunError
from bench.app.spec import spec
from bench.processes import StartError
from bench.report import disturbance

RESULTS = Path(__file__).parents[1] / "results"


def main() -> int:
    """Run it; 0 when there are figures, 1 when there are none, 2 for a wrong flag."""
    args = _arguments()
    plans = _plans(args)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        programs = tools.find()
        versions = programs.versions()
        where = machine.describe({name: versions[name] for name in ("nginx", "envoy")})
        for name, plan in plans.items():
            _say(f"{name}: seed {plan.seed}, {plan.duration:.0f} s after {plan.warm_up:.0f} s")
            measured = run.run(plan, programs, _say)
            if args.json is not None:
                args.json.write_text(json.dumps(_raw(measured), indent=1) + "\n")
            _show(name, plan, measured, where, save=not args.quick)
    except (tools.MissingTool, StartError, RunError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.app", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 minute; nothing is saved")
    parser.add_argument("--seed", type=int, default=1, help="of traffic, weather and faults")
    parser.add_argument(
        "--only",
        choices=("real", "compressed"),
        help="only the run in real time, or ten times as fast",
    )
    parser.add_argument("--duration", type=float, metavar="SECONDS", help="of the workload")
    parser.add_argument("--calm", action="store_true", help="without episodes of trouble")
    parser.add_argument("--contenders", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, of the last run")
    parser.add_argument("--shipped", type=Path, default=CONFIGS[SHIPPED], metavar="FILE")
    parser.add_argument("--every", type=Path, default=CONFIGS[EVERY], metavar="FILE")
    return parser.parse_args()


def _plans(args: argparse.Namespace) -> dict[str, Plan]:
    """The run in real time is for the medians, the compressed one for what is rare."""
    configs = {SHIPPED: args.shipped, EVERY: args.every}
    lengths = {"real": (1.0, 600.0), "compressed": (0.1, 3600.0)}
    if args.only or args.quick:
        lengths = {args.only or "real": lengths[args.only or "real"]}
    plans = {}
    for name, (scale, duration) in lengths.items():
        seconds = args.duration or (45.0 / scale if args.quick else duration)
        warm_up = 15.0 if args.quick else 120.0
        plans[name] = Plan(
            args.contenders, configs, args.seed, scale, seconds, warm_up, calm=args.calm
        )
    return plans


def _show(
    name: str, plan: Plan, measured: Measured, where: Mapping[str, str], *, save: bool
) -> None:
    results, reported = measured.results, spec().reported
    tables = (table.overall(results), table.endpoints(results, reported), table.calls(results))
    for lines in tables:
        print(table.plain(lines), end="\n\n")
    print("\n".join(table.failures(results)), end="\n\n")
    for line in table.goals(results, reported)[1:]:
        print(" · ".join(line))
    print(disturbance(measured.noise))
    if not save:
        return
    RESULTS.mkdir(exist_ok=True)
    stem = "app" if name == "real" else f"app-{name}"
    facts = _facts(plan, measured, where)
    title = f"The application, {name}, {datetime.now(UTC).date().isoformat()}"
    page = table.document(results, reported, title=title, facts=facts, plot=f"{stem}.svg")
    (RESULTS / f"{stem}.md").write_text(page)
    (RESULTS / f"{stem}.svg").write_text(plot.picture(measured.milliseconds))
    found = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "facts": facts,
        **_raw(measured),
    }
    (RESULTS / f"{stem}.json").write_text(json.dumps(found, indent=1) + "\n")


def _raw(measured: Measured) -> dict[str, Any]:
    return {
        "results": {name: asdict(one) for name, one in measured.results.items()},
        "noise": measured.noise,
    }


def _facts(plan: Plan, measured: Measured, where: Mapping[str, str]) -> list[str]:
    """All that a figure must not be without."""
    how = "side by side" if plan.side_by_side else "one after the other"
    count = next(iter(measured.results.values())).overall.count
    profile = "calm" if plan.calm else "chaos"
    ran = f"{plan.duration:.0f} s of the workload after {plan.warm_up:.0f} s"
    return [
        f"profile {profile}; seed {plan.seed}; workload {spec().digest}; {count} requests for each",
        f"{ran}, {1 / plan.scale:g} times as fast, {how}",
        "; ".join(f"{name} {value}" for name, value in where.items()),
        f"{disturbance(measured.noise)}; load average {os.getloadavg()[2]:.1f}",
        "*reported*: said to have been reached by optimising the application; not measured here",
    ]


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
