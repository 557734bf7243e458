"""Follows the frames of a WebSocket: where they begin and end, never what is in them.

Makes the one frame that the sidecar says itself, a close (RFC 6455 §5).
"""

import struct

_CLOSE = 0x8
FIN = 0x80
OPCODE = 0x0F
MASKED = 0x80
LONGEST_HEAD = 14
_MOST_REASON = 123
"""Bytes; a control frame holds 125, two of them the code (RFC 6455 §5.5)."""


class Frames:
    """What one side sends, byte after byte.

    Args:
        masked: whether each frame must be masked, as a client's must (RFC 6455 §5.1).
    """

    __slots__ = ("_begun", "_left", "_opcode", "broken", "closed", "masked", "messages")

    def __init__(self, *, masked: bool) -> None:
        self.masked = masked
        self.messages = 0
        """Messages that ended; control frames are none."""
        self.closed = False
        """Whether a close frame came, to its end."""
        self.broken = False
        """Whether a frame came that is not masked and must be."""
        self._begun = b""
        """The beginning of a frame whose head is not complete."""
        self._left = 0
        """Bytes of the payload that are still to come."""
        self._opcode = 0

    def __repr__(self) -> str:
        state = "closed" if self.closed else "between" if self.is_between else "within"
        return f"<Frames {self.messages} messages, {state}>"

    @property
    def is_between(self) -> bool:
        """Whether the last frame has ended and no other has begun."""
        return not self._left and not self._begun

    def feed(self, data: bytes) -> int:
        """Follow `data`; how much of it may go on: up to the frame that breaks the rules."""
        at, size = 0, len(data)
        while at < size:
            start, broken = at, self.broken
            at = self.advance(data, at)
            if self.broken and not broken:
                self._follow(data, at)
                return start
        return size

    def feed_to_end(self, data: bytes) -> int:
        """Follow `data` to the end of the frame that it continues; how much of it that is."""
        at, size = 0, len(data)
        while at < size and not self.is_between:
            at = self.advance(data, at)
        return at

    def advance(self, data: bytes, at: int) -> int:
        """Follow `data` from `at` through a head or a payload; where that ends."""
        if self._left:
            step = min(self._left, len(data) - at)
            self._left -= step
            if not self._left:
                self._end()
            return at + step
        begun = len(self._begun)
        head = self._begun + data[at : at + LONGEST_HEAD - begun]
        size = head_size(head)
        if size > len(head):
            self._begun = head
            return len(data)
        self._begun = b""
        self._begin(head, size)
        return at + size - begun

    def _follow(self, data: bytes, at: int) -> None:
        while at < len(data):
            at = self.advance(data, at)

    def _begin(self, head: bytes, size: int) -> None:
        first, second = head[0], head[1]
        self._opcode = first
        self._left = second & 0x7F
        if self._left == 126:
            self._left = int.from_bytes(head[2:4], "big")
        elif self._left == 127:
            self._left = int.from_bytes(head[2:10], "big")
        if self.masked and not second & MASKED:
            self.broken = True
        if not self._left:
            self._end()

    def _end(self) -> None:
        opcode = self._opcode & OPCODE
        if opcode == _CLOSE:
            self.closed = True
        elif opcode < _CLOSE and self._opcode & FIN:
            self.messages += 1


def head_size(head: bytes) -> int:
    """Bytes of a frame's head, as far as that can be told from its beginning."""
    if len(head) < 2:
        return 2
    length = head[1] & 0x7F
    extended = 2 if length == 126 else 8 if length == 127 else 0
    return 2 + extended + (4 if head[1] & MASKED else 0)


def close_frame(code: int, reason: str, mask: bytes | None = None) -> bytes:
    """A close frame (RFC 6455 §5.5.1).

    Args:
        code: a status code of §7.4.
        reason: for people; at most 123 bytes.
        mask: four bytes of chance, where the frame goes to the upstream.
    """
    payload = struct.pack("!H", code) + reason.encode()[:_MOST_REASON]
    if mask is None:
        return bytes((FIN | _CLOSE, len(payload))) + payload
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes((FIN | _CLOSE, MASKED | len(payload))) + mask + masked
