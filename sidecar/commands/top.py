"""`sidecar top`: the upstreams of a running sidecar as a table that is always up to date.

What is shown, and what keys do, is decided in `top_view.py`.
"""

import argparse
import sys
import threading
import time
from dataclasses import replace
from typing import Any

from sidecar.commands import admin_call, options
from sidecar.commands.admin_answer import Refused, fetched
from sidecar.core.summary_rows import SORTS
from sidecar.core.summary_windows import WINDOWS

_PATH = "/admin/summary"
_REDRAW = 0.25
"""Seconds between looks at the clock, the size of the terminal and what has come."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.value(
        parser,
        "--interval",
        env="SIDECAR_TOP_INTERVAL",
        metavar="SECONDS",
        text="between two looks",
        default="1",
        kind=options.positive(),
    )
    options.value(
        parser,
        "--window",
        env="SIDECAR_TOP_WINDOW",
        metavar="WINDOW",
        text="how far the figures reach back: 1m, 5m or 15m",
        default="1m",
        kind=options.one_of(*WINDOWS),
    )
    options.value(
        parser,
        "--sort",
        env="SIDECAR_TOP_SORT",
        metavar="BY",
        text="worst, rate, p95, errors or name",
        default="worst",
        kind=options.one_of(*SORTS),
    )
    options.value(
        parser,
        "--filter",
        env="SIDECAR_TOP_FILTER",
        metavar="TEXT",
        text="only upstreams with this in their name",
    )
    options.switch(parser, "--once", env="SIDECAR_TOP_ONCE", text="print it once and end")
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 when it was ended or printed, 1 when nobody answers, 2 for wrong usage."""
    from sidecar.commands import full_screen
    from sidecar.commands.top_view import View

    if args.json:
        return admin_call.call(args, "GET", _PATH, {"window": args.window})
    place = admin_call.place_of(args)
    if isinstance(place, int):
        return place
    view = View(window=args.window, sort=args.sort, filter=args.filter or "")
    watching = Watching(place, args.interval, args.window)
    try:
        if args.once or not full_screen.is_terminal():
            return _print(watching, view, once=args.once)
        return _live(watching, view)
    except KeyboardInterrupt:
        return 0


class Watching:
    """Asks for the summary again and again, in a thread: keys never wait for an answer.

    Args:
        place: where the listener is.
        interval: seconds between two questions.
        window: of the figures; may be changed.
    """

    def __init__(self, place: admin_call.Place, interval: float, window: str) -> None:
        self._place = place
        self._interval = interval
        self.window = window
        self.summary: dict[str, Any] | None = None
        self.reason = ""
        """Why there was no answer; "" when there was."""
        self._heard_at = time.monotonic()
        self._again = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="top", daemon=True)

    @property
    def lost(self) -> float | None:
        """Seconds since the last answer, where the last question got none."""
        return time.monotonic() - self._heard_at if self.reason else None

    def start(self) -> None:
        """Begin. The thread ends with the process."""
        self._thread.start()

    def hurry(self) -> None:
        """Ask now."""
        self._again.set()

    def ask(self) -> None:
        """Ask once."""
        try:
            found = fetched(self._place, _PATH, {"window": self.window})
        except (admin_call.NoAnswer, Refused) as error:
            self.reason = str(error)
        else:
            self.summary, self.reason, self._heard_at = found, "", time.monotonic()

    def _watch(self) -> None:
        while True:
            self.ask()
            self._again.wait(self._interval)
            self._again.clear()

    def wait(self) -> None:
        """Pass the time between two questions."""
        time.sleep(self._interval)


def _print(watching: Watching, view: Any, *, once: bool) -> int:
    """The table as plain text: once, or one below the other."""
    from sidecar.commands.top_view import plain

    while True:
        watching.ask()
        if watching.reason and (once or watching.summary is None):
            print(f"sidecar: {watching.reason}", file=sys.stderr)
            return admin_call.PROBLEM
        print(plain(replace(view, summary=watching.summary, lost=watching.lost)), flush=True)
        if once:
            return 0
        watching.wait()


def _live(watching: Watching, view: Any) -> int:
    from sidecar.commands.full_screen import taken
    from sidecar.commands.top_view import pressed, screen
    from sidecar.telemetry.colour import has_colour, paint

    colour = has_colour(sys.stdout)
    watching.start()
    with taken() as terminal:
        while not view.over:
            if not view.paused:
                view = replace(
                    view, summary=watching.summary, lost=watching.lost, reason=watching.reason
                )
            lines = screen(view, *terminal.size())
            terminal.draw(
                [paint(line.text, line.hue) if colour and line.hue else line.text for line in lines]
            )
            keys = terminal.keys(_REDRAW)
            if keys is None:
                break
            view = pressed(view, keys)
            if view.window != watching.window:
                watching.window = view.window
                watching.hurry()
    return 0
