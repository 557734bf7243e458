"""Fuzzes for a while: bytes that a coverage-guided fuzzer makes, then properties and models.

    python -m tests.fuzz [--seconds 600] [--target NAME] [--out FOLDER]
    python -m tests.fuzz --runs 4000
    python -m tests.fuzz --replay NAME FILE

Half of the time goes to atheris (the extra `fuzz`), where it is installed; the rest to the tests of
this folder and to the models, again and again, each time with another seed, which is printed.
With `--runs`, only atheris, and so many inputs for each reader: the short form, for CI. Ends with 1
at the first thing that is wrong, and says how to see it again.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.targets import TARGETS

_FACTOR = "10"
_RUNS = re.compile(r"number_of_executed_units: (\d+)")


def main() -> int:
    """The program."""
    given = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    given.add_argument("--seconds", type=float, default=600.0)
    given.add_argument("--runs", type=int, help="inputs for each reader, and no more")
    given.add_argument("--target", choices=sorted(TARGETS), help="only this reader of bytes")
    given.add_argument("--out", help="where bytes that do harm are written")
    given.add_argument("--replay", nargs=2, metavar=("NAME", "FILE"), help="try one file")
    asked = given.parse_args()
    if asked.replay:
        name, file = asked.replay
        TARGETS[name](Path(file).read_bytes())
        print("no harm")
        return 0
    out = asked.out or tempfile.mkdtemp(prefix="fuzz-")
    names = [asked.target] if asked.target else sorted(TARGETS)
    guided = importlib.util.find_spec("atheris") is not None
    share = asked.seconds if asked.target else asked.seconds / 2
    if asked.runs and not guided:
        given.error("--runs needs atheris (pip install atheris)")
    if not guided:
        print("fuzz: no atheris, so only what Hypothesis makes (pip install atheris)")
        share = 0.0
    limits = [f"-max_total_time={max(1.0, share / len(names)):.0f}"]
    if asked.runs:
        limits = [f"-runs={asked.runs}"]
    for name in names if guided else ():
        if not _guided(name, limits, out):
            return 1
    return 0 if asked.runs or (asked.target and guided) else _properties(asked.seconds - share)


def _guided(name: str, limits: list[str], out: str) -> bool:
    """One target up to the limits; whether all was well."""
    Path(out).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.coverage_guided", name, out, *limits]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    runs = _RUNS.search(done.stderr)
    tried = int(runs[1]) if runs else 0
    print(
        f"fuzz: {name:<14} {tried:>9} inputs, {'HARM' if done.returncode else 'fine'}", flush=True
    )
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:], sep="\n")
        print(f"fuzz: see {out}; python -m tests.fuzz --replay {name} FILE")
    return not done.returncode


def _properties(seconds: float) -> int:
    """The tests of Hypothesis with one seed after another, until the time is over."""
    end, seed = time.monotonic() + seconds, int.from_bytes(os.urandom(4), "big")
    rounds = 0
    while time.monotonic() < end:
        options = ["-q", "-x", "-p", "no:randomly", "--timeout=3600", f"--hypothesis-seed={seed}"]
        command = [sys.executable, "-m", "pytest", *options, "tests/fuzz", "tests/models"]
        done = subprocess.run(command, env={**os.environ, "FUZZ_FACTOR": _FACTOR}, check=False)
        if done.returncode:
            print(f"fuzz: again with FUZZ_FACTOR={_FACTOR} {' '.join(command)}")
            return 1
        rounds, seed = rounds + 1, (seed + 1) % 2**32
    print(f"fuzz: {rounds} rounds of properties and models, all well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
