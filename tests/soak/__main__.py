"""`python -m tests.soak`: ten minutes, or `--short`: about 90 seconds. Exit status 1: it failed."""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.soak.run import soak

LONG, SHORT = 600.0, 75.0


def main() -> int:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--short", action="store_true", help=f"{SHORT:g} seconds of faults, for CI")
    parser.add_argument("--seconds", type=float, help="so long")
    parser.add_argument(
        "--report", type=Path, default=Path("dist/soak"), help="where it is written"
    )
    asked = parser.parse_args()
    result = asyncio.run(soak(asked.seconds or (SHORT if asked.short else LONG), asked.report))
    print((asked.report / "soak.md").read_text())
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
