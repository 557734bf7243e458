"""`python -m tests.simulation`: many seeds with progress, or one with its log.

Exit status 1 when an invariant was violated, or a seed gave two histories.
"""

import argparse
import logging
import sys
import time
from collections import Counter

from tests.simulation.simulation import Outcome, simulate

TWICE = 50
"""Of so many seeds one is run again, to compare the histories."""


def main() -> int:
    """Simulate what is asked for."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="this one, with its log")
    parser.add_argument("--seconds", type=float, default=60.0, help="virtual ones of trouble")
    asked = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # what it says is not the progress
    if asked.seed is not None:
        outcome = simulate(asked.seed, asked.seconds, print)
        print(f"seed {asked.seed}: history {outcome.digest}, {outcome.lines} lines")
        _tell(outcome, asked.seconds)
        return 1 if outcome.violations else 0
    return _many(range(asked.first, asked.first + asked.seeds), asked.seconds)


def _many(seeds: range, seconds: float) -> int:
    counts: Counter[str] = Counter()
    bad, virtual, began = 0, 0.0, time.monotonic()
    for done, seed in enumerate(seeds, start=1):
        outcome = simulate(seed, seconds)
        if done % TWICE == 1 and simulate(seed, seconds).digest != outcome.digest:
            outcome.violations.append("same-history: the seed gave two histories")
        counts.update(outcome.counts)
        virtual += outcome.seconds
        if outcome.violations:
            bad += 1
            _tell(outcome, seconds)
        if sys.stderr.isatty() or done % 20 == 0 or done == len(seeds):
            took = time.monotonic() - began
            shown = f"{done}/{len(seeds)} seeds, {virtual / 3600:.2f} virtual hours, {bad} bad"
            print(f"\r{shown}, {took:.0f} s", end="\n" if done % 20 == 0 else "", file=sys.stderr)
    print(f"\n{len(seeds)} seeds, {virtual / 3600:.2f} virtual hours, {bad} with a violation")
    for name in ("call", "arrives", "acts", "started", "killed", "stopped", "happens"):
        print(f"  {name:12} {counts[name]}")
    print("  checked:")
    for name, count in sorted(counts.items()):
        if name.startswith("checked "):
            print(f"    {name.removeprefix('checked '):20} {count}")
    return 1 if bad else 0


def _tell(outcome: Outcome, seconds: float) -> None:
    for each in outcome.violations[:10]:
        print(f"seed {outcome.seed}: {each}")
    if outcome.violations:
        print(f'  make simulate ARGS="--seed {outcome.seed} --seconds {seconds:g}"')


if __name__ == "__main__":
    sys.exit(main())
