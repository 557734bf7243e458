"""Takes a stream of server-sent events apart, as the HTML standard §9.2.6 reads it.

Knows framing only; what a frame says is a dialect's matter.
"""

from typing import NamedTuple

from sidecar.exchange import RawHeaders

_BOM = b"\xef\xbb\xbf"
_LINE_KEPT = 160
"""Bytes of an unfinished line that tell what it is; a longer one is none that is watched."""


class Frame(NamedTuple):
    """One event: its name, b"" without one, and its data lines, joined."""

    event: bytes
    data: bytes


def is_event_stream(headers: RawHeaders) -> bool:
    """Whether a response says that it is one."""
    return any(
        len(name) == 12
        and name.lower() == b"content-type"
        and value.strip().lower().startswith(b"text/event-stream")
        for name, value in headers
    )


def frame_in(data: bytes) -> Frame | None:
    """The first complete frame at the beginning of a stream that has data.

    Comments, `retry`, `id` and frames without data are passed over; None while none is complete.
    """
    event = b""
    lines: list[bytes] = []
    for line in data.removeprefix(_BOM).splitlines(keepends=True):
        if not line.endswith((b"\n", b"\r")):
            return None
        text = line.rstrip(b"\r\n")
        if not text:
            if any(lines):
                return Frame(event, b"\n".join(lines))
            event, lines = b"", []
            continue
        name, _, value = text.partition(b":")
        if name == b"data":
            lines.append(value.removeprefix(b" "))
        elif name == b"event":
            event = value.removeprefix(b" ")
    return None


def line_of(text: bytes) -> bytes:
    """A line in the form in which lines are compared: `data: x` and `data:x ` are the same."""
    name, colon, value = text.partition(b":")
    return name + colon + value.strip(b" \t")


class Framing:
    """Whether a stream is between two frames: fed with all of it, in pieces cut anywhere.

    It is where a blank line was the last, comments aside. What a stream ends with beyond that is
    thrown away by readers (§9.2.6: "incomplete event").

    Args:
        watched: lines of which it is noted that they came, as `line_of` has them; short ones.
    """

    __slots__ = ("_after_cr", "_carried", "_first", "_line", "_open", "_watched")

    def __init__(self, watched: frozenset[bytes] = frozenset()) -> None:
        self._watched = watched
        self._carried: frozenset[bytes] = frozenset()
        self._line = b""
        """The beginning of a line whose end has not come."""
        self._open = False
        """Whether a field has come since the last blank line."""
        self._after_cr = False
        self._first = True

    @property
    def whole(self) -> bool:
        """Whether what came so far ends between two frames."""
        return not self._open and not self._text(b"")

    def carried(self) -> frozenset[bytes]:
        """Which of the watched lines came; the last one need not have an end."""
        return self._carried | (self._watched & {line_of(self._text(b""))})

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            self._after_cr = False
        if not data:
            return
        for line in data.splitlines(keepends=True):
            if line.endswith((b"\n", b"\r")):
                self._ended(self._text(line.rstrip(b"\r\n")))
                self._line, self._first = b"", False
            else:
                self._line = (self._line + line)[:_LINE_KEPT]
        self._after_cr = data.endswith(b"\r")

    def _ended(self, text: bytes) -> None:
        self._open = bool(text) and (self._open or not text.startswith(b":"))
        if 0 < len(text) < _LINE_KEPT and (line := line_of(text)) in self._watched:
            self._carried |= {line}

    def _text(self, rest: bytes) -> bytes:
        line = self._line + rest
        return line.removeprefix(_BOM) if self._first else line
