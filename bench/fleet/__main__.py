"""`make bench-fleet`: many sidecars before one provider, in an outage and in a brownout."""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import machine
from bench.fleet import plan, real, report
from bench.processes import StartError

RESULTS = Path(__file__).parents[1] / "results"
SIZES = (1, 10, 100, 1000, 10_000)
QUICK = (1, 100)


def main() -> int:
    """Run it; 0 when there is no storm and no lasting outage, and the controls have both."""
    parser = argparse.ArgumentParser(prog="bench.fleet", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two sizes; nothing is saved")
    parser.add_argument("--no-real", action="store_true", help="leave the real processes out")
    parser.add_argument("--only-real", action="store_true", help="only them; nothing is saved")
    args = parser.parse_args()
    began = os.getloadavg()[0]
    sizes = () if args.only_real else QUICK if args.quick else SIZES
    found = plan.run(sizes)
    try:
        measured = None if args.no_real or args.quick else real.measured()
    except StartError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    run = report.Run(found, measured, machine.describe({}), (began, os.getloadavg()[0]))
    print("\n".join(report.lines(run)))
    wrong = plan.broken(found)
    for each in wrong:
        print(f"bench: {each}", file=sys.stderr)
    if not args.quick and not args.only_real:
        _save(run)
    return 1 if wrong else 0


def _save(run: report.Run) -> None:
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    (RESULTS / "fleet.json").write_text(json.dumps(report.as_json(run, now), indent=1) + "\n")
    (RESULTS / "fleet.md").write_text(report.markdown(run, now))
    for name, picture in report.pictures(run):
        (RESULTS / f"fleet-{name}.svg").write_text(picture)


if __name__ == "__main__":
    sys.exit(main())
