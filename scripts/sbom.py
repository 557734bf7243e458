"""Writes the software bill of materials of an installation: CycloneDX 1.6, as JSON.

`sbom.py FILE [PYTHON]` lists what is installed for PYTHON (by default, what the image installs is
installed anew for it), and the libraries that the dashboard brings along. The file is validated,
and is the same for the same packages.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.lock import EXTRAS
from scripts.package import build, installed, run
from scripts.released import ROOT, version
from scripts.runtime_set import PACKAGE

VENDORED = ROOT / "sidecar" / "admin" / "static" / "vendor" / "vendor.json"
SPECIFICATION = "1.6"


def bill(python: Path) -> dict[str, Any]:
    """The bill of an environment that has the sidecar.

    Raises:
        OSError, subprocess.SubprocessError: `cyclonedx-py` is missing (extra `ship`), or fails.
    """
    written = run(
        sys.executable,
        "-m",
        "cyclonedx_py",
        "environment",
        "--spec-version",
        SPECIFICATION,
        "--output-reproducible",
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        str(python),
    )
    found: dict[str, Any] = json.loads(written)
    found["metadata"]["component"]["version"] = version()
    found["components"] = [each for each in found["components"] if each["name"] != PACKAGE]
    found["components"] += _vendored()
    return found


def _vendored() -> list[dict[str, Any]]:
    """The dashboard's libraries, each with the digests of its files."""
    files = json.loads(VENDORED.read_text())
    by_library: dict[tuple[str, str], list[dict[str, str]]] = {}
    for each in files:
        by_library.setdefault((each["name"], each["version"]), []).append(each)
    return [
        {
            "type": "library",
            "bom-ref": f"{name}@{number}",
            "name": name,
            "version": number,
            "purl": f"pkg:npm/{name}@{number}",
            "licenses": [{"license": {"id": of_it[0]["license"]}}],
            "externalReferences": [{"type": "vcs", "url": of_it[0]["source"]}],
            "components": [
                {
                    "type": "file",
                    "name": each["file"],
                    "hashes": [{"alg": "SHA-256", "content": each["sha256"]}],
                }
                for each in of_it
            ],
        }
        for (name, number), of_it in by_library.items()
    ]


def problem(text: str) -> str | None:
    """What is wrong with a bill by the schema of CycloneDX; None where nothing is."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.from_version(SPECIFICATION)).validate_str(text)
    return None if found is None else str(found)


def write(file: Path, python: Path) -> None:
    """Write and validate it.

    Raises:
        ValueError: it is not valid.
        OSError, subprocess.SubprocessError: as `bill`.
    """
    text = json.dumps(bill(python), indent=2) + "\n"
    if wrong := problem(text):
        raise ValueError(wrong)
    file.write_text(text)


def main(arguments: list[str]) -> int:
    """Run the command of the module's docstring."""
    match arguments:
        case [file, python]:
            write(Path(file), Path(python))
        case [file]:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                _, wheel = build(folder / "dist")
                write(Path(file), installed(wheel, folder / "venv", *EXTRAS))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
