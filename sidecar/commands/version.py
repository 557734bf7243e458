"""`sidecar version`."""

import argparse
import json
import platform
from importlib.metadata import PackageNotFoundError, version

from sidecar import __version__
from sidecar.commands import options

PACKAGES = ("aiohttp", "httptools", "prometheus-client", "pydantic", "PyYAML", "uvloop")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """Print it; with `--json` also what it runs on. Always 0."""
    if args.json:
        parts = {name: _installed(name) for name in PACKAGES}
        found = {"sidecar": __version__, "python": platform.python_version(), **parts}
        print(json.dumps(found, indent=2))
    else:
        print(f"sidecar {__version__}")
    return 0


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
