"""`sidecar routes`: all routes in the order of matching, one line each."""

import argparse
import json
from dataclasses import asdict

from sidecar.commands import options
from sidecar.commands.loading import loaded
from sidecar.commands.terminal import columns
from sidecar.config.values import format_duration
from sidecar.core.routing import RouteEntry, RouteTable

HEAD = ("UPSTREAM", "ROUTE", "METHODS", "FIRST BYTE", "TOTAL", "PATH")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.config(parser)
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """Print them; 1 when the configuration has a problem, 2 when there is none."""
    found = loaded(args)
    if isinstance(found, int):
        return found
    entries = list(RouteTable.from_config(found.config).entries)
    if args.json:
        print(json.dumps([_as_json(entry) for entry in entries], indent=2))
    else:
        print(columns([HEAD, *map(_row, entries)]))
    return 0


def methods(entry: RouteEntry) -> str:
    """The methods of a route as a word."""
    return ",".join(sorted(entry.methods)) or "any"


def _row(entry: RouteEntry) -> tuple[str, ...]:
    return (
        entry.upstream,
        entry.name,
        methods(entry),
        format_duration(entry.config.timeouts.first_byte),
        format_duration(entry.config.timeouts.total),
        entry.config.match.path,
    )


def _as_json(entry: RouteEntry) -> dict[str, object]:
    return {
        "upstream": entry.upstream,
        "route": entry.name,
        "methods": sorted(entry.methods),
        "path": entry.config.match.path,
        "timeouts": asdict(entry.config.timeouts),
        "errors": entry.config.errors,
    }
