"""Where the demonstration writes: a live table on a terminal, plain lines elsewhere."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from sidecar.demo.table import WIDTH
from sidecar.telemetry.colour import has_colour

PROGRESS_EVERY = 5.0
LIVE_EVERY = 0.5
_LINES = 20
"""A terminal with no more of them has no room for a drawing."""


@dataclass(slots=True)
class Screen:
    """Redraws a block in place where that is possible."""

    stream: TextIO
    live: bool
    colour: bool
    _drawn: int = 0

    @classmethod
    def on(cls, stream: TextIO) -> "Screen":
        """A screen on `stream`; live if it is a terminal with room for a drawing."""
        size = shutil.get_terminal_size((0, 0))
        capable = stream.isatty() and os.environ.get("TERM") != "dumb"
        roomy = size.columns >= WIDTH and size.lines > _LINES
        return cls(stream, live=capable and roomy, colour=has_colour(stream))

    @property
    def every(self) -> float:
        """Seconds between two pictures of what goes on."""
        return LIVE_EVERY if self.live else PROGRESS_EVERY

    def say(self, *lines: str) -> None:
        """Write lines that stay."""
        self._drawn = 0
        self._write([*lines])

    def draw(self, lines: Sequence[str]) -> None:
        """Put `lines` where the last drawing is."""
        if self._drawn and self.live:
            self.stream.write(f"\x1b[{self._drawn}A\x1b[J")
        self._write(lines)
        self._drawn = len(lines)

    def _write(self, lines: Sequence[str]) -> None:
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()
