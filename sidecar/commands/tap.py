"""`sidecar tap`: one line for each exchange of a running sidecar, as it ends."""

import argparse
import json
import select
import sys
import time
from collections.abc import Mapping
from typing import Any

from sidecar.commands import admin_call, options
from sidecar.commands.admin_answer import Refused, fetched

_PATH = "/admin/exchanges"
_FILTER = ("upstream", "route", "status", "slow")
_LIMIT = 500
_RETRY = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    for flag, metavar, text in (
        ("--upstream", "NAME", "only exchanges with it"),
        ("--route", "NAME", "only exchanges of it"),
        ("--status", "STATUS", "only these: 404, 5xx, or error for all that failed"),
        ("--slow", "DURATION", "only those that took so long or longer, such as 500ms"),
    ):
        env = f"SIDECAR_TAP_{flag[2:].upper()}"
        options.value(parser, flag, env=env, metavar=metavar, text=text)
    options.value(
        parser,
        "--interval",
        env="SIDECAR_TAP_INTERVAL",
        metavar="SECONDS",
        text="between two looks",
        default="0.5",
        kind=options.positive(),
    )
    options.switch(
        parser, "--once", env="SIDECAR_TAP_ONCE", text="print what is remembered and end"
    )
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 when it was ended or its reader left, 1 when nobody answers, 2 for wrong usage."""
    place = admin_call.place_of(args)
    if isinstance(place, int):
        return place
    given = vars(args)
    tap = Tap(place, {name: given[name] for name in _FILTER}, as_json=args.json)
    try:
        return tap.once() if args.once else tap.follow(args.interval)
    except KeyboardInterrupt:
        return 0


class Tap:
    """Prints exchanges, each once.

    Args:
        place: where the listener is.
        filters: what is asked for, by parameter.
        as_json: whether lines are JSON objects.
    """

    def __init__(
        self, place: admin_call.Place, filters: Mapping[str, str | None], *, as_json: bool
    ) -> None:
        self._place = place
        self._filters = filters
        self._as_json = as_json
        self._after = 0
        self._since: float | None = None

    def once(self) -> int:
        """Print those that are remembered."""
        try:
            found = self._ask(_LIMIT)
        except (admin_call.NoAnswer, Refused) as error:
            return _failed(error)
        self._print(found)
        return 0

    def follow(self, interval: float) -> int:
        """Print those that end from now on, until nobody reads them any more."""
        lost = False
        try:
            found = self._ask(1)
            self._after, self._since = found["last"], found["since"]
        except (admin_call.NoAnswer, Refused) as error:
            return _failed(error)
        while not _is_unread(interval):
            try:
                full = self._next()
                while full:
                    full = self._next()
            except Refused as error:
                return _failed(error)
            except admin_call.NoAnswer as error:
                if not lost:
                    _say(f"{error}; retrying")
                lost = True
                time.sleep(_RETRY)
            else:
                if lost:
                    _say("it answers again")
                lost = False
        return 0

    def _next(self) -> bool:
        """Print what has ended since; whether there may be more."""
        found = self._ask(_LIMIT)
        if found["since"] != self._since:  # another run, which counts from 1
            self._since, self._after = found["since"], 0
            found = self._ask(_LIMIT)
        if found["dropped"]:
            _say("some are missing: more exchanges ended than the sidecar remembers")
        self._after = found["last"]
        self._print(found)
        return len(found["exchanges"]) == _LIMIT

    def _ask(self, limit: int) -> dict[str, Any]:
        given = {**self._filters, "limit": str(limit), "after": str(self._after)}
        return fetched(self._place, _PATH, {**given, "format": "json"})

    def _print(self, found: Mapping[str, Any]) -> None:
        from sidecar.commands.tap_view import line
        from sidecar.telemetry.colour import has_colour

        colour = has_colour(sys.stdout)
        for each in found["exchanges"]:
            print(json.dumps(each) if self._as_json else line(each, colour=colour))
        sys.stdout.flush()


def _failed(error: Exception) -> int:
    _say(str(error))
    return admin_call.PROBLEM


def _say(text: str) -> None:
    print(f"sidecar tap: {text}", file=sys.stderr, flush=True)


def _is_unread(seconds: float) -> bool:
    """Pass the time; whether whoever read standard output has gone, as `head` does."""
    watched = select.poll()
    try:
        watched.register(sys.stdout.fileno(), 0)  # errors are always told
    except (OSError, ValueError):  # in memory
        time.sleep(seconds)
        return False
    return bool(watched.poll(seconds * 1000))
