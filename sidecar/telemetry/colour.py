"""Colour on terminals, for log lines, commands and the demonstration alike."""

import os
from collections.abc import Mapping
from typing import Literal, TextIO

Hue = Literal["bold", "dim", "red", "green", "yellow"]

_CODES: Mapping[Hue, int] = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}


def has_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether `stream` is a terminal whose user did not ask for plain text (no-color.org)."""
    plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return stream.isatty() and not plain


def paint(shown: str, hue: Hue) -> str:
    """`shown` in an ANSI colour."""
    return f"\x1b[{_CODES[hue]}m{shown}\x1b[0m"
