"""External programs that some tests need: a missing one skips the test, or fails it if STRICT=1."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

NODE_DIR = Path(__file__).parents[1] / "e2e" / "node"


def missing(what: str) -> NoReturn:
    """Skip the test that needs `what`; fail it where the environment has `STRICT=1`."""
    if os.environ.get("STRICT") == "1":
        pytest.fail(f"{what} is missing and STRICT=1")
    pytest.skip(f"{what} is missing")


def require_node(*packages: str) -> str:
    """The path of `node`, once it and the given npm packages are there.

    Install them with `npm ci --prefix tests/e2e/node`.
    """
    node = shutil.which("node")
    if node is None:
        missing("node")
    for package in packages:
        if not (NODE_DIR / "node_modules" / package).is_dir():
            missing(f"npm package {package} (npm ci --prefix tests/e2e/node)")
    return str(node)
