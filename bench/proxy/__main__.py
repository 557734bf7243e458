"""`make bench-proxy`: what the sidecar costs beside named peers, in one interleaved run."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import figures, kept, machine, tools
from bench.kept import RESULTS
from bench.peers import SIDECAR
from bench.proxy import contenders, measurements, plot, table
from bench.proxy.measurements import Plan
from bench.proxy.running import Measured, bench

_NAME = "proxy"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    plan: Plan
    peers: tuple[str, ...]
    keep: bool
    """Whether it is the whole run, which is kept in `results/`."""


def asked(arguments: Sequence[str] | None = None) -> Asked:
    """The command line as a plan; ends the process where it is wrong."""
    parser = kept.parser(_NAME, __doc__, "one round, fewer connections", Plan().rounds)
    lists = (
        ("--only", "MEASUREMENT,…", [one.name for one in measurements.MEASUREMENTS]),
        ("--peers", "NAME,…", list(contenders.PEERS)),
    )
    for flag, what, known in lists:
        about = f"of {', '.join(known)}; nothing is saved"
        parser.add_argument(flag, metavar=what, type=_names, default=(), help=about)
    parser.add_argument(
        "--patience",
        type=float,
        metavar="SECONDS",
        help="how long to wait, in all, for other processes to be quiet "
        f"(default: {Plan().patience:g})",
    )
    args = parser.parse_args(arguments)
    try:
        plan = Plan(measurements.chosen(args.only))
        peers = contenders.chosen(args.peers)
    except ValueError as error:
        parser.error(str(error))
    if args.rounds is not None and args.rounds < 1:
        parser.error("--rounds: 1 at the least")
    plan = measurements.quick(plan) if args.quick else plan
    wanted = {"rounds": args.rounds, "patience": args.patience}
    plan = replace(plan, **{name: value for name, value in wanted.items() if value is not None})
    return Asked(plan, peers, keep=not (args.quick or args.only or args.peers))


def _names(text: str) -> tuple[str, ...]:
    """The parts of a list with commas.

    Raises:
        ArgumentTypeError: there are none.
    """
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise argparse.ArgumentTypeError("name one or more, with commas between them")
    return found


def main() -> int:
    """Run it; 0 when all figures of the sidecar are there, 1 when not, 2 for a wrong flag."""
    wanted = asked()
    try:
        with kept.on_two_cores("the proxy", "all else"), tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            folder.chmod(0o755)
            wrk, nginx = tools.wrk(), tools.nginx()
            here, missing = contenders.find(wanted.peers)
            _say(missing)
            # Before it takes minutes: the revision may change.
            programs = {"wrk": tools.wrk_version(wrk), **contenders.versions(here)}
            where = machine.describe(programs)
            with bench(wrk, nginx, here, folder) as running:
                missing |= running.left_out
                found = running.run(wanted.plan)
    except kept.NoFigures:
        return 1
    _show(wanted, found, missing, where)
    return 1 if {figures.DIRECT, SIDECAR} & set(found.failures) else 0


def _say(missing: dict[str, str]) -> None:
    if missing:
        print("bench: these are left out:", file=sys.stderr)
        for name, why in missing.items():
            print(f"  {name:<12} {why}", file=sys.stderr)


def _show(wanted: Asked, found: Measured, missing: dict[str, str], where: dict[str, str]) -> None:
    plan = wanted.plan
    every = measurements.figures(plan)
    summary = figures.summarise(found.rounds, every)
    told = table.Told(
        summary,
        every,
        plan.measurements,
        found.noise,
        found.repeated,
        found.failures,
        missing,
        table.worst(found.rounds, "opened"),
        table.worst(found.rounds, "failed"),
    )
    print(table.plain(told))
    if not wanted.keep:
        return
    now = datetime.now(UTC)
    values = {name: {k: asdict(v) for k, v in row.items()} for name, row in summary.items()}
    result = {
        "time": now.isoformat(timespec="seconds"),
        "machine": where,
        "plan": asdict(plan),
        "figures": values,
        "noise": found.noise,
        "repeated": found.repeated,
        "failures": found.failures,
        "missing": missing,
        "rounds": found.rounds,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{_NAME}.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS / f"{_NAME}.svg").write_text(plot.picture(summary, every))
    text = table.markdown(told, f"{now.date()}", measurements.settings(plan), where, f"{_NAME}.svg")
    (RESULTS / f"{_NAME}.md").write_text(text)
    print(f"bench: kept in {RESULTS / _NAME}.md, .json and .svg", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
