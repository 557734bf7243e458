"""Whether an event stream came to its end: looks at what passes, and keeps almost nothing of it.

Fields are found in the bytes, not in parsed JSON, so that a frame of any size costs no memory. A
quoted name cannot be inside a JSON text, where quotes are escaped: it is a name.
"""

import re
from dataclasses import dataclass

from sidecar.dialects.coding import Unfolding
from sidecar.dialects.sse import Framing, line_of
from sidecar.exchange import RawHeaders

_OVERLAP = 256
"""Bytes of what has passed that a field may have begun in; no name and value is longer."""

_DONE = line_of(b"data: [DONE]")
"""What OpenAI-compatible servers end with; nothing is missed after it, not even a blank line."""

_FAILED = ("event: error", "error")
"""A stream that says that it failed was not cut off."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells that a stream is whole: one of these lines, or one of these fields."""

    lines: frozenset[bytes]
    fields: re.Pattern[bytes]


def marks(*texts: str) -> Marks:
    """The marks of a notation: `data: [DONE]` and `event: done` are lines, `finish_reason` a field.

    A field must be set: to a text that is not empty, a number, true, an object or an array.
    """
    every = (*texts, *_FAILED)
    names = "|".join(re.escape(text) for text in every if ":" not in text)
    set_to = r'\s{0,32}:\s{0,32}(?:"[^"]|[0-9{\[t-])'
    lines = frozenset(line_of(text.encode()) for text in every if ":" in text)
    return Marks(lines, re.compile(f'"(?:{names})"{set_to}'.encode()))


class StreamEnd:
    """Watches one stream.

    Args:
        headers: of the response, for its content coding.
        wanted: what every stream carries that is whole; None where frames alone tell.
    """

    __slots__ = ("_fields", "_framing", "_marked", "_tail", "_unfolding")

    def __init__(self, headers: RawHeaders, wanted: Marks | None = None) -> None:
        self._unfolding = Unfolding(headers)
        lines = wanted.lines if wanted is not None else frozenset()
        self._framing = Framing(lines | {_DONE})
        self._fields = wanted.fields if wanted is not None else None
        self._marked = wanted is None
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes, as they came."""
        for piece in self._unfolding.pieces(data):
            self._framing.feed(piece)
            if self._fields is not None and not self._marked:
                text = self._tail + piece
                self._marked = self._fields.search(text) is not None
                self._tail = text[-_OVERLAP:]

    def missing(self) -> str | None:
        """How the stream would be cut off if it ended here, in words; None if it is whole.

        One that cannot be read is held to be whole.
        """
        carried = self._framing.carried()
        if not self._unfolding.readable or _DONE in carried:
            return None
        if not self._framing.whole:
            return "in the middle of a frame"
        return None if self._marked or carried else "without saying that it is complete"
