"""Which version and revision a checkout is. The version comes from git's tags (pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SECONDS = 60


def version() -> str:
    """The version that is built of this checkout: of the tag, or one after it (PEP 440).

    Raises:
        OSError, subprocess.SubprocessError: hatchling is missing (extra `ship`), or fails.
    """
    return _asked(sys.executable, "-m", "hatchling", "version")


def revision() -> str:
    """The commit, with `-dirty` where files differ from it; `unknown` where there is no git."""
    try:
        commit = _asked("git", "rev-parse", "HEAD")
        changed = _asked("git", "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{commit}-dirty" if changed else commit


def _asked(*command: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=_SECONDS
    )
    return done.stdout.strip()
