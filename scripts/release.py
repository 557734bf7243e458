"""`make release`: makes and tests everything that a release consists of; publishes nothing.

In dist/: sdist, wheel, SBOM, THIRD_PARTY_NOTICES and SHA256SUMS. The checkout must be clean, its
commit tagged `v1.2.3`, and that version described in CHANGELOG.md; `--rehearse` does without these.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts import notices, sbom
from scripts.lock import EXTRAS
from scripts.package import build, installed, run
from scripts.released import ROOT, revision, version

DIST = ROOT / "dist"
_RELEASE = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
_TESTS = ("-m", "pytest", "-q", "tests/slow/test_wheel.py", "--timeout=600")


def objections(number: str, commit: str, changelog: str) -> list[str]:
    """Why a checkout is no release.

    Args:
        number: the version that git says.
        commit: what `revision` says.
        changelog: the text of CHANGELOG.md.
    """
    found = []
    if commit.endswith("-dirty") or commit == "unknown":
        found.append("the checkout is not clean: commit, or stash, what has changed")
    if not _RELEASE.fullmatch(number):
        found.append(f"the version is {number}: tag the commit, as v1.2.3")
    elif not described(number, changelog):
        found.append(f"CHANGELOG.md says nothing of {number}: move what is unreleased under it")
    return found


def described(number: str, changelog: str) -> bool:
    """Whether there is a section `## [1.2.3]` with something in it (Keep a Changelog)."""
    heading = re.compile(rf"^## \[{re.escape(number)}\].*\n", re.MULTILINE)
    found = heading.search(changelog)
    if found is None:
        return False
    section = changelog[found.end() :].partition("\n## ")[0]
    return bool(re.search(r"^- \S", section, re.MULTILINE))


def make() -> list[Path]:
    """Build, test and describe it; the files in dist/.

    Raises:
        OSError, subprocess.SubprocessError, ValueError: something is missing, fails or is invalid.
    """
    run(sys.executable, *_TESTS)
    shutil.rmtree(DIST, ignore_errors=True)
    sdist, wheel = build(DIST)
    bill = DIST / f"{wheel.name.split('-py3')[0]}.cdx.json"
    with tempfile.TemporaryDirectory() as folder:
        sbom.write(bill, installed(wheel, Path(folder, "venv"), *EXTRAS))
    described_in = Path(shutil.copy(notices.FILE, DIST))
    files = [sdist, wheel, bill, described_in]
    sums = DIST / "SHA256SUMS"
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files]
    sums.write_text("".join(lines))
    return [*files, sums]


def main(arguments: list[str]) -> int:
    """0 when it is made, 1 when the checkout is none to release or something fails, 2 for usage."""
    if arguments not in ([], ["--rehearse"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        number = version()
        found = objections(number, revision(), (ROOT / "CHANGELOG.md").read_text())
        if notices.main(["check"]):
            found.append("THIRD_PARTY_NOTICES is out of date: run `make notices`")
        for each in found:
            print(f"release: {each}", file=sys.stderr)
        if found and not arguments:
            return 1
        for file in make():
            print(f"release: {file.relative_to(ROOT)}")
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print(f"release: {number} is made and tested; publish it with your own tools")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
