"""Builds what is published, wheel and sdist, and installs it into an empty environment.

Nothing is fetched to build it: hatchling is the pinned one of the extra `ship`.
"""

import subprocess
import sys
import venv
from pathlib import Path

from scripts.released import ROOT

LOCK = ROOT / "requirements.lock"
_SECONDS = 900


def build(folder: Path, source: Path = ROOT) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built of the sdist, as others will build it.

    Args:
        folder: where they are put; holds nothing else.
        source: the checkout, or an unpacked sdist.

    Raises:
        OSError, subprocess.SubprocessError: `build` is missing (extra `ship`), or fails.
    """
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(source),
    ]
    run(*command)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def installed(wheel: Path, folder: Path, *extras: str) -> Path:
    """An environment with nothing but the wheel and what it needs, pinned; the path of its Python.

    Raises:
        OSError, subprocess.SubprocessError: there is no pip, or it fails.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    wanted = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
    options = ["--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]
    run(*pip(), "--python", str(python), "install", *options, "-c", str(LOCK), wanted)
    return python


def run(*command: str, folder: Path = ROOT) -> str:
    """Run a program to its end; what it printed.

    Raises:
        subprocess.CalledProcessError: it failed; what it said is printed.
    """
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=_SECONDS
    )
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        done.check_returncode()
    return done.stdout


def pip() -> list[str]:
    """How to run pip. An environment may have none; the Python that it was made from may have one.

    Raises:
        FileNotFoundError: none has.
    """
    base = Path(sys.base_prefix, "bin", "python3")
    for candidate in (sys.executable, str(base), "python3"):
        asked = [candidate, "-m", "pip", "--version"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return [candidate, "-m", "pip"]
    raise FileNotFoundError("no Python with pip: apt-get install python3-pip")
