"""A command of ours in a real pseudo-terminal, whose screen can be read."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

import pyte

PATIENCE = 10.0
_RUN = (
    "import sys; from sidecar import cli; "
    "[cli.COMMANDS.setdefault(name, name) for name in ('top', 'tap')]; "
    "sys.exit(cli.main(sys.argv[1:]))"
)


def command(*arguments: str) -> list[str]:
    """What starts a command of ours in a process."""
    return [sys.executable, "-c", _RUN, *arguments]


def environment(**more: str) -> dict[str, str]:
    """That of this process, without settings of ours and without colour's foes."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SIDECAR_", "NO_COLOR"))}
    return {**kept, "TERM": "xterm", "TZ": "UTC", **more}


class Terminal:
    """The process, its keys and its screen."""

    def __init__(self, *arguments: str, columns: int = 80, lines: int = 24) -> None:
        self._near, self._far = pty.openpty()
        self.resize(columns, lines)
        self.before: list[Any] = termios.tcgetattr(self._far)
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=self._far,
            stdout=self._far,
            stderr=self._far,
            env=environment(),
            start_new_session=True,
        )

    def resize(self, columns: int, lines: int) -> None:
        """Become another size."""
        termios.tcsetwinsize(self._far, (lines, columns))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._near, keys.encode())

    def read(self, seconds: float) -> None:
        """Take in what is written for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._near], [], [], left)
            if ready:
                data = os.read(self._near, 65536)
                self.written += data
                self._stream.feed(data)

    @property
    def shown(self) -> list[str]:
        """The lines of the screen."""
        return [line.rstrip() for line in self.screen.display]

    def until(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """The screen as soon as it is like this.

        Raises:
            AssertionError: it never was.
        """
        end = time.monotonic() + PATIENCE
        while not condition(self.shown):
            assert time.monotonic() < end, "\n".join(self.shown)
            self.read(0.05)
        return self.shown

    def attributes(self) -> list[Any]:
        """How the terminal is set now."""
        return termios.tcgetattr(self._far)

    def close(self) -> None:
        """End all of it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._near)
        os.close(self._far)
