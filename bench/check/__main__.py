"""`make bench-check`: fails when a part of the hot path takes a quarter longer than it did.

Everything is held against a loop of plain Python in the same run, so the machine's speed does not
matter. Renew the baseline with `make bench-check ARGS=--renew`, on a quiet machine, and say in the
commit why something may take longer.
"""

import argparse
import gc
import json
import platform
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.check import comparing
from bench.check.comparing import Minima
from bench.check.subjects import REFERENCE_TIMES, SUBJECTS, Subject, reference

BASELINE = Path(__file__).parents[1] / "baseline.json"
_REFERENCE = "reference"
_ROUNDS = 12
_REPEATS = 4
"""How often what seems slower is measured again before it is."""
_RENEWED_ROUNDS = 60


def main() -> int:
    """0 when nothing has become slower, 1 when something has, 2 for a wrong flag."""
    parser = argparse.ArgumentParser(prog="bench.check", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="write bench/baseline.json anew")
    args = parser.parse_args()
    with ExitStack() as stack:
        measuring = Measuring(stack)
        if args.renew:
            measuring.rounds(list(SUBJECTS), _RENEWED_ROUNDS)
            return _renew(measuring.minima)
        return _compare(measuring)


def _compare(measuring: "Measuring") -> int:
    minima, names = measuring.minima, list(SUBJECTS)
    kept: dict[str, Any] = json.loads(BASELINE.read_text())
    baseline: dict[str, float] = kept["ratios"]
    lacking = comparing.unknown(names, baseline)
    if kept["python"] != _python():
        print(f"bench: the baseline is of Python {kept['python']}; nothing is compared")
        return 0
    if lacking:
        print(f"bench: no baseline, or nothing measured: {', '.join(lacking)}", file=sys.stderr)
        return 1
    measuring.rounds(names, _ROUNDS)
    slower = comparing.slower(minima.ratios(_REFERENCE), baseline)
    for _ in range(_REPEATS):
        if slower:
            measuring.rounds(slower, _ROUNDS)
            slower = comparing.slower(minima.ratios(_REFERENCE), baseline)
    ratios = minima.ratios(_REFERENCE)
    print("\n".join(comparing.lines(ratios, baseline)))
    for name in comparing.faster(ratios, baseline):
        print(f"bench: {name} has become faster; renew the baseline: make bench-check ARGS=--renew")
    for name in slower:
        print(f"bench: {name} takes 25 % longer than it did, or more", file=sys.stderr)
    return 1 if slower else 0


class Measuring:
    """All subjects, and the least that each was seen to take."""

    def __init__(self, stack: ExitStack) -> None:
        self._subjects = {name: (make(stack), times) for name, (make, times) in SUBJECTS.items()}
        self.minima = Minima()

    def rounds(self, names: list[str], number: int) -> None:
        """Each in turn, the reference between them: a slow moment does not hit one alone."""
        gc.collect()
        gc.disable()
        try:
            for _ in range(number):
                for name in names:
                    self.minima.add(_REFERENCE, _took(reference, REFERENCE_TIMES))
                    self.minima.add(name, _took(*self._subjects[name]))
                gc.collect()
        finally:
            gc.enable()


def _took(subject: Subject, times: int) -> float:
    """CPU seconds of this thread for doing it once."""
    began = time.thread_time()
    subject(times)
    return (time.thread_time() - began) / times


def _renew(minima: Minima) -> int:
    ratios = {name: round(ratio, 3) for name, ratio in minima.ratios(_REFERENCE).items()}
    text = json.dumps({"python": _python(), "ratios": ratios}, indent=1)
    BASELINE.write_text(text + "\n")
    print(text)
    return 0


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


if __name__ == "__main__":
    sys.exit(main())
