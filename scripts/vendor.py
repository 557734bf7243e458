"""Fetches the dashboard's libraries anew: for maintainers, who need npm. Users and tests do not.

`vendor.py` writes sidecar/admin/static/vendor/ from the exact versions below: the files, with the
bare import of preact made relative (no import map is needed then, which a strict policy forbids)
and without links to source maps; vendor.json; and THIRD_PARTY_NOTICES. `vendor.py check` compares.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[1] / "sidecar" / "admin" / "static" / "vendor"
LIST = "vendor.json"
NOTICES = "THIRD_PARTY_NOTICES"

_BARE = re.compile(r"""(from\s*)(["'])preact\2""")
_MAP = re.compile(r"\n?//# sourceMappingURL=\S+\s*$")
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Library:
    """A package of npm, and what is taken of it."""

    name: str
    version: str
    license: str
    source: str
    files: tuple[str, ...]
    """Within the package; each is stored under its own name."""


LIBRARIES = (
    Library(
        "preact",
        "11.2.0",
        "MIT",
        "https://github.com/preactjs/preact",
        ("dist/preact.mjs", "hooks/dist/hooks.mjs"),
    ),
    Library("htm", "3.1.1", "Apache-2.0", "https://github.com/developit/htm", ("dist/htm.mjs",)),
    Library(
        "uplot",
        "1.6.32",
        "MIT",
        "https://github.com/leeoniya/uPlot",
        ("dist/uPlot.iife.min.js", "dist/uPlot.min.css"),
    ),
)


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differences() -> list[str]:
    """What is not as vendor.json has it: a file that is missing, changed, or not listed."""
    listed = {each["file"]: each["sha256"] for each in json.loads((HOME / LIST).read_text())}
    there = {path.name for path in HOME.iterdir()} - {LIST, NOTICES}
    found = [f"{name}: is not in {LIST}" for name in sorted(there - listed.keys())]
    for name, digest in listed.items():
        if name not in there:
            found.append(f"{name}: is missing")
        elif sha256(HOME / name) != digest:
            found.append(f"{name}: is not what {LIST} says")
    return found


def fetch() -> None:
    """Write the folder anew.

    Raises:
        OSError, subprocess.SubprocessError: npm is missing, or does not give a package.
    """
    listed, notices = [], ["The dashboard contains these libraries, under these licences.\n"]
    for library in LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            package = _unpacked(library, Path(folder))
            for name in library.files:
                target = HOME / Path(name).name
                target.write_text(_fitted((package / name).read_text()))
                listed.append(_entry(library, target))
            licence = next(package.glob("LICENSE*")).read_text().strip()
        title = f"{library.name} {library.version} ({library.license}), {library.source}"
        notices.append(f"{'=' * 78}\n{title}\n{'=' * 78}\n\n{licence}\n")
    (HOME / LIST).write_text(json.dumps(listed, indent=2) + "\n")
    (HOME / NOTICES).write_text("\n".join(notices))


def _unpacked(library: Library, folder: Path) -> Path:
    subprocess.run(
        ["npm", "pack", "--silent", f"{library.name}@{library.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=_SECONDS,
    )
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def _fitted(text: str) -> str:
    return _MAP.sub("\n", _BARE.sub(r"\1\2./preact.mjs\2", text))


def _entry(library: Library, file: Path) -> dict[str, str]:
    return {
        "file": file.name,
        "name": library.name,
        "version": library.version,
        "license": library.license,
        "source": library.source,
        "sha256": sha256(file),
    }


def main(arguments: list[str]) -> int:
    """Run one of the two commands of the module's docstring."""
    match arguments:
        case []:
            fetch()
            return 0
        case ["check"]:
            found = differences()
            print("\n".join(found) or "vendor: all files are as listed")
            return int(bool(found))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
