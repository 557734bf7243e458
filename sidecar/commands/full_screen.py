"""A terminal that is drawn on as a whole, and its keys. It is given back as it was, in any case."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_ENTER = "\x1b[?1049h\x1b[?25l"
"""The alternate screen, and no cursor (xterm's control sequences)."""
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
_MOST_KEYS = 256


class FullScreen:
    """Standard input and output as a screen. Use `taken`."""

    def __init__(self) -> None:
        self._keys = sys.stdin.fileno()
        self._screen = sys.stdout.fileno()
        self._before = termios.tcgetattr(self._keys)

    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        try:
            columns, lines = os.get_terminal_size(self._screen)
        except OSError:
            columns, lines = 0, 0
        return columns or 80, lines or 24

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines and nothing else."""
        self._write(_HOME + f"{_REST_OF_LINE}\r\n".join(lines) + _REST_OF_LINE + _REST)

    def keys(self, seconds: float) -> str | None:
        """What was typed, after `seconds` at the most; None when nobody can type any more."""
        ready, _, _ = select.select([self._keys], [], [], seconds)
        if not ready:
            return ""
        typed = os.read(self._keys, _MOST_KEYS)
        return typed.decode(errors="ignore") if typed else None

    def enter(self) -> None:
        """Take the terminal."""
        tty.setcbreak(self._keys)
        self._write(_ENTER)

    def leave(self) -> None:
        """Give it back."""
        self._write(_LEAVE)
        termios.tcsetattr(self._keys, termios.TCSADRAIN, self._before)

    def suspend(self, *_: object) -> None:
        """Ctrl-Z: give it back for as long as the process rests."""
        self.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.enter()

    def _write(self, text: str) -> None:
        left = text.encode()
        while left:
            left = left[os.write(self._screen, left) :]


@contextmanager
def taken() -> Iterator[FullScreen]:
    """The screen, until the block ends; also by SIGTERM or SIGHUP, as SystemExit."""
    screen = FullScreen()
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], object]] = {
        signal.SIGTERM: _end,
        signal.SIGHUP: _end,
        signal.SIGTSTP: screen.suspend,
    }
    before = {number: signal.signal(number, handle) for number, handle in handlers.items()}
    try:
        screen.enter()
        yield screen
    finally:
        screen.leave()
        for number, handler in before.items():
            signal.signal(number, handler)


def is_terminal() -> bool:
    """Whether there is one to read keys from and to draw on."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
