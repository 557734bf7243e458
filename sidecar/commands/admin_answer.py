"""Fetches what the admin listener says, for commands that show it in a way of their own."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from sidecar.commands.admin_call import PROBLEM, NoAnswer, Place, ask, place_of


class Refused(Exception):
    """There is an answer, and it does not say what was asked for; the message is for people."""


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
        return fetched(place, path, {"format": "json"})
    except (NoAnswer, Refused) as error:
        print(f"sidecar: {error}", file=sys.stderr)
        return PROBLEM


def fetched(place: Place, path: str, parameters: Mapping[str, str | None]) -> dict[str, Any]:
    """The JSON object at `path`.

    Args:
        place: where the listener is.
        path: of a GET.
        parameters: those that are None are left out.

    Raises:
        NoAnswer: nobody answers there.
        Refused: the sidecar will not say, or it is no sidecar.
    """
    said = ask(place, "GET", path, parameters)
    try:
        found = json.loads(said.text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(f"what answers at {place.address} is no sidecar")
    if said.status >= 400:
        raise Refused(str(found.get("error") or f"{place.address} answers {said.status}"))
    return found
