"""Plants one mistake after another into a private copy of the sidecar; each must be found.

    python -m tests.models.mutants [--only WORD]

Not a part of `make test`: it takes some minutes. A mutant is a file, a text in it that stands there
once, and what is put in its place; with it, the test that has to fail.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.models.mistakes import MUTANTS, Mutant

HERE = Path(__file__).parents[2]
SECONDS = 120
SEEDS = (1, 2, 3)


def main() -> int:
    """Run all of them; 1 if any survives, or is not what the code says any more."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--only", nargs="*", help="those with one of these words in name or file")
    only = given.parse_args().only or [""]
    chosen = [each for each in MUTANTS if any(word in f"{each.what} {each.file}" for word in only)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = _copied(Path(folder))
        broken = [test for test in {each.test for each in chosen} if _run(copy, test) != "SURVIVED"]
        if broken:
            print(f"these fail without any mistake: {broken}")
            return 1
        rows = [(each, *_tried(copy, each)) for each in chosen]
    print(f"\n{len(chosen)} mutants, {sum(seen == 'found' for _, seen, _ in rows)} found")
    return 0 if all(seen == "found" for _, seen, _ in rows) else 1


def _copied(folder: Path) -> Path:
    """What the tests need, without what others change meanwhile."""
    left = shutil.ignore_patterns("node_modules", "__pycache__", ".hypothesis")
    for name in ("sidecar", "tests/models", "tests/support", "tests/unit"):
        shutil.copytree(HERE / name, folder / name, ignore=left)
    for name in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py"):
        shutil.copy(HERE / name, folder / name)
    return folder


def _tried(copy: Path, mutant: Mutant) -> tuple[str, float]:
    file = copy / "sidecar" / mutant.file
    whole = file.read_text()
    began = time.monotonic()
    if whole.count(mutant.text) != 1:
        seen = "stale: its text is not there once"
    else:
        file.write_text(whole.replace(mutant.text, mutant.instead))
        try:
            seen = _run(copy, mutant.test)
        finally:
            file.write_text(whole)
    took = time.monotonic() - began
    print(f"{seen:<9} {took:5.1f} s  {mutant.file}: {mutant.what}", flush=True)
    return seen, took


def _run(copy: Path, test: str) -> str:
    """Whether the test finds it, with one of a few seeds; the seeds are always the same."""
    seen = "SURVIVED"
    for seed in SEEDS:
        seen = _once(copy, test, seed)
        if seen != "SURVIVED":
            break
    return seen


def _once(copy: Path, test: str, seed: int) -> str:
    """Under some mutants nothing ends: they are found as well."""
    options = ["-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider"]
    finding = ["-p", "tests.models.finding", f"--hypothesis-seed={seed}"]
    command = [sys.executable, "-m", "pytest", *options, *finding, *test.split(maxsplit=2)]
    environment = {"FUZZ_FACTOR": "2", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        found = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "found"
    if found.returncode not in (0, 1) or "errors during collection" in found.stdout:
        print(found.stdout[-2000:], found.stderr[-2000:])
        return "broken"
    return "found" if found.returncode == 1 else "SURVIVED"


if __name__ == "__main__":
    sys.exit(main())
