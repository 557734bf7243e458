"""Fetches what the admin listener says, for commands that show it in a way of their own."""

import argparse
import json
import sys
from typing import Any

from sidecar.commands.admin_call import PROBLEM, NoAnswer, ask, place_of


def fetch(args: argparse.Namespace, path: str) -> dict[str, Any] | int:
    """The JSON object at `path`; else the exit code, when the reason has been printed.

    Args:
        args: with the flags of `admin_call.add_arguments`.
        path: of a GET.
    """
    place = place_of(args)
    if isinstance(place, int):
        return place
    try:
        said = ask(place, "GET", path, {"format": "json"})
        found = json.loads(said.text)
    except NoAnswer as error:
        print(f"sidecar: {error}", file=sys.stderr)
        return PROBLEM
    except ValueError:
        found = None
    if not isinstance(found, dict):
        print(f"sidecar: what answers at {place.address} is no sidecar", file=sys.stderr)
        return PROBLEM
    if said.status >= 400:
        print(f"sidecar: {found.get('error', said.status)}", file=sys.stderr)
        return PROBLEM
    return found
