"""`sidecar report`: what the application would have seen without the sidecar."""

import argparse
from datetime import datetime
from typing import Any

from sidecar.commands import admin_call
from sidecar.commands.admin_answer import fetch
from sidecar.commands.terminal import columns

_PATH = "/admin/report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 shown, 1 when nobody answers, 2 for wrong usage."""
    if args.json:
        return admin_call.call(args, "GET", _PATH)
    found = fetch(args, _PATH)
    if isinstance(found, int):
        return found
    since = datetime.fromtimestamp(found["since"]).astimezone()
    print(f"since {since:%Y-%m-%d %H:%M:%S %Z}\n")
    print(columns([_cells(row) for row in found["rows"]]))
    print("\n~ is an estimate; `sidecar report --json` says how each figure is computed")
    return 0


def _cells(row: dict[str, Any]) -> list[str]:
    mark = "~" if row["estimate"] else ""
    return [f"{mark}{row['value']:,}", row["unit"], row["label"]]
