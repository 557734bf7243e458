"""Ask the public databases whether a version in `requirements.lock` has a known vulnerability.

`python -m scripts.audit PIP_AUDIT`, which `make audit` runs. Exit code 0: none is known. 1: one is.
2: nobody could say, which is no answer. With `--where-possible` that is said, and is no failure: CI
runs also where no database can be asked.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_SOURCES = ("pypi", "osv")
"""The advisories of PyPI, then those of OSV."""


def audited(program: str, source: str) -> list[dict[str, Any]]:
    """What the source says of each package that it knows; [] where it cannot be asked."""
    command = [program, "-s", source, "--no-deps", "--disable-pip", "-f", "json"]
    done = subprocess.run(
        [*command, "-r", str(ROOT / "requirements.lock")],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []
    return [each for each in packages if "vulns" in each]


def report(packages: list[dict[str, Any]], total: int) -> tuple[list[str], int]:
    """What to print, and the exit code.

    Args:
        packages: those that a source knows, with their vulnerabilities.
        total: how many are in the lock.
    """
    if not packages:
        text = "audit: no database of vulnerabilities can be asked from here, so NOTHING IS KNOWN"
        return [text], 2
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, fixed in "
        f"{', '.join(found.get('fix_versions') or ['no version'])}"
        for package in packages
        for found in package["vulns"]
    ]
    known = f"audit: {len(packages)} of {total} packages are known there"
    missing = len(packages) < total
    lines.append(f"{known}{'; of the others NOTHING IS KNOWN' if missing else ''}")
    return lines, 1 if len(lines) > 1 else 2 if missing else 0


def main(program: str, *options: str) -> int:
    """Print what is known."""
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    total = sum(1 for line in lock if line and not line.startswith("#"))
    packages: list[dict[str, Any]] = []
    for source in _SOURCES:
        packages = packages or audited(program, source)
    lines, code = report(packages, total)
    print("\n".join(lines))
    return 0 if code == 2 and "--where-possible" in options else code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
