"""`make bench`: what the sidecar costs, beside nginx and Envoy, in one interleaved run."""

import argparse
import json
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime

from bench import figures, kept, machine, measure, report, tools
from bench.kept import RESULTS


def main() -> int:
    """Run it; 0 when there are figures, 1 when there are none, 2 for a wrong flag."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 short rounds; nothing is saved")
    parser.add_argument("--rounds", type=_rounds, metavar="N", help="how many rounds (default: 7)")
    parser.add_argument(
        "--patience",
        type=float,
        metavar="SECONDS",
        help="how long to wait, in all, for other processes to be quiet (default: 300)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    args = parser.parse_args()
    plan = measure.QUICK if args.quick else measure.Plan()
    wanted = {"rounds": args.rounds, "patience": args.patience}
    plan = replace(plan, **{name: value for name, value in wanted.items() if value is not None})
    try:
        with kept.on_two_cores("the proxy", "all else"):
            programs = tools.find()
            # Before it takes minutes: the revision may change.
            where = machine.describe(programs.versions())
            with measure.bench(programs) as bench:
                measured = bench.run(plan)
    except kept.NoFigures:
        return 1
    return _show(measured, plan, where, quick=args.quick, as_json=args.json)


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise ValueError(text)
    return rounds


def _show(
    measured: measure.Measured,
    plan: measure.Plan,
    where: dict[str, str],
    *,
    quick: bool,
    as_json: bool,
) -> int:
    table = figures.summarise(measured.rounds)
    now = datetime.now(UTC)
    result = {
        "time": now.isoformat(timespec="seconds"),
        "machine": where,
        "plan": asdict(plan),
        "figures": {name: {k: asdict(v) for k, v in row.items()} for name, row in table.items()},
        "noise": measured.noise,
        "repeated": measured.repeated,
        "rounds": measured.rounds,
    }
    text = json.dumps(result, indent=1)
    if as_json:
        print(text)
    else:
        print(report.plain(table))
        print(report.disturbance(measured.noise))
    if not quick:
        RESULTS.mkdir(exist_ok=True)
        day = now.date().isoformat()
        (RESULTS / f"{day}.json").write_text(text + "\n")
        (RESULTS / "latest.md").write_text(
            report.markdown(table, where, measured.noise, _settings(plan), day)
        )
    return 0


def _settings(plan: measure.Plan) -> str:
    return (
        f"{plan.rounds} interleaved rounds; 1 connection for {plan.single:g} s, "
        f"{measure.RATE} requests per second on {measure.PACED_CONNECTIONS} connections for "
        f"{plan.paced:g} s, {measure.CONNECTIONS} connections for {plan.closed:g} s; proxies on "
        "one core, load and upstream on the other"
    )


if __name__ == "__main__":
    sys.exit(main())
