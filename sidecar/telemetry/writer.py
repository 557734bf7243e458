"""Lines to a stream, from a thread of their own: a slow or broken stderr never stops an exchange.

Knows nothing of what is written. Lines that find the queue full are dropped and counted.
"""

import atexit
import contextlib
import os
import queue
import select
import threading
from typing import TextIO

MAX_LINES = 10_000
_BATCH = 256
_GATHER_SECONDS = 0.02
"""A line waits so long for others, so that a busy process wakes the thread 50 times a second."""


class Writer:
    """A bounded queue of lines and the thread that writes them."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._descriptor = _descriptor(stream)
        self._items: queue.SimpleQueue[str | threading.Event] = queue.SimpleQueue()
        self._dropped = 0
        self._hurry = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()
        atexit.register(self.flush)

    def write(self, line: str) -> None:
        """Queue one line (without its line feed). Never blocks and never raises."""
        if self._items.qsize() >= MAX_LINES:
            self._dropped += 1
        else:
            self._items.put(line)

    def take_dropped(self) -> int:
        """How many lines were dropped since this last answered; 0 while there is no room to say."""
        if not self._dropped or self._items.qsize() >= MAX_LINES:
            return 0
        dropped, self._dropped = self._dropped, 0
        return dropped

    def flush(self, timeout: float = 1.0) -> bool:
        """Wait until what was queued is written, at most `timeout` seconds; whether it was."""
        if not self._thread.is_alive():
            return False
        done = threading.Event()
        self._items.put(done)
        self._hurry.set()
        return done.wait(timeout)

    def close(self) -> None:
        """Write what is queued and end the thread; nobody writes to this any more."""
        atexit.unregister(self.flush)
        self._closed = True
        self.flush()

    def _run(self) -> None:
        done: list[threading.Event] = []
        while not (self._closed and done and self._items.empty()):
            done = []
            batch = self._next_batch(done)
            if batch:
                # OSError: closed pipe, full disk. ValueError: the stream was closed.
                with contextlib.suppress(OSError, ValueError):
                    self._put("\n".join(batch) + "\n")
            for event in done:
                event.set()

    def _next_batch(self, done: list[threading.Event]) -> list[str]:
        """What is queued, after a first item and a moment for others; ends at a flush."""
        batch: list[str] = []
        item = self._items.get()
        if isinstance(item, str):
            self._hurry.wait(_GATHER_SECONDS)
        while isinstance(item, str):
            batch.append(item)
            if len(batch) >= _BATCH:
                return batch
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                return batch
        self._hurry.clear()
        done.append(item)
        return batch

    def _put(self, lines: str) -> None:
        if self._descriptor is None:
            self.stream.write(lines)
            self.stream.flush()
            return
        # Not through the stream: a thread that is stuck in its lock aborts the interpreter's exit.
        left = lines.encode("ascii", "backslashreplace")
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # somebody who shares the terminal made it non-blocking
                select.select([], [self._descriptor], [], 1.0)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # in memory
        return None
