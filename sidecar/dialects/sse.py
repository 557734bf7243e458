"""Takes a stream of server-sent events apart, as the HTML standard §9.2.6 reads it.

Knows framing only; what a frame says is a dialect's matter.
"""

from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"
_DONE = b"[DONE]"
"""What OpenAI-compatible servers end with."""


class Frame(NamedTuple):
    """One event: its name, b"" without one, and its data lines, joined."""

    event: bytes
    data: bytes


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


def sse_complete(tail: bytes) -> bool:
    """Whether a stream that ended like this was not cut off in the middle of a frame.

    It ends with a blank line, comments after it aside, or with `data: [DONE]`; or it is empty.

    Args:
        tail: the end of the stream, content coding removed: its last line at least, with the
            line end before it; all of it if it is short.
    """
    lines = tail.removeprefix(_BOM).splitlines(keepends=True)
    if not lines:
        return True
    name, _, value = lines[-1].rstrip(b"\r\n").partition(b":")
    if name == b"data" and value.strip() == _DONE:
        return True
    if not lines[-1].endswith((b"\n", b"\r")):
        return False
    for line in reversed(lines):
        text = line.rstrip(b"\r\n")
        if not text:
            return True
        if not text.startswith(b":"):
            return False
    return True
