"""A WebSocket on which the sidecar itself speaks: the frames that it says, and those it heeds.

What the client says is thrown away but for control frames (RFC 6455 §5.5). Does no I/O.
"""

import struct
from typing import NamedTuple

from sidecar.core.websocket_frames import FIN, LONGEST_HEAD, MASKED, OPCODE, head_size

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
"""Opcodes (§5.2); from CLOSE on, of control frames."""
_RESERVED = 0x70
_MOST = 125
"""Bytes of a control frame (§5.5)."""
_MOST_HEARD = 4096
"""Bytes of a message."""
_PROTOCOL_ERROR, _TOO_BIG = 1002, 1009


class Control(NamedTuple):
    """A control frame."""

    opcode: int
    payload: bytes


class BrokenFrames(Exception):
    """What came is not what a client may send.

    Args:
        code: what to close with (§7.4.1).
        message: why, for people.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole message, or a control frame, as a server sends it: unmasked."""
    size = len(payload)
    if size <= _MOST:
        head = struct.pack("!BB", FIN | opcode, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", FIN | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", FIN | opcode, 127, size)
    return head + payload


class Heard:
    """What a client sends, byte after byte; only its control frames are kept."""

    __slots__ = ("_begun", "_skipped")

    def __init__(self) -> None:
        self._begun = b""
        """The beginning of a frame whose head, or control payload, is not complete."""
        self._skipped = 0
        """Bytes of a message that are still to come, and to be thrown away."""

    def __repr__(self) -> str:
        return f"<Heard {len(self._begun)} begun, {self._skipped} to skip>"

    def feed(self, data: bytes) -> list[Control]:
        """The control frames that are complete with `data`.

        Raises:
            BrokenFrames: a frame is not masked, uses bits that nobody agreed on, or is too long, or
                a control frame is in parts (§5.1, §5.2, §5.5).
        """
        found: list[Control] = []
        data, at = self._begun + data, 0
        while at < len(data):
            if self._skipped:
                step = min(self._skipped, len(data) - at)
                self._skipped -= step
                at += step
                continue
            head = data[at : at + LONGEST_HEAD]
            size = head_size(head)
            if size > len(head):
                break
            length = self._begin(head)
            opcode, at_payload = head[0] & OPCODE, at + size
            if opcode < CLOSE:
                self._skipped, at = length, at_payload
                continue
            if at_payload + length > len(data):
                break
            at = at_payload + length
            found.append(Control(opcode, _unmasked(head[size - 4 : size], data[at_payload:at])))
        self._begun = data[at:]
        return found

    def _begin(self, head: bytes) -> int:
        """The length of the frame whose head this is."""
        first, second = head[0], head[1]
        length = second & 0x7F
        if not second & MASKED or first & _RESERVED:
            raise BrokenFrames(_PROTOCOL_ERROR, "a frame is not masked, or has reserved bits")
        if first & OPCODE >= CLOSE and (length > _MOST or not first & FIN):
            raise BrokenFrames(_PROTOCOL_ERROR, "a control frame is too long, or in parts")
        if length == 126:
            length = int.from_bytes(head[2:4], "big")
        elif length == 127:
            length = int.from_bytes(head[2:10], "big")
        if length > _MOST_HEARD:
            raise BrokenFrames(_TOO_BIG, "nothing is to be said here")
        return length


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
