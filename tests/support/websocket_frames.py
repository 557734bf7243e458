"""The frames of WebSockets as bytes, with nothing checked."""

from typing import NamedTuple

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0


class Frame(NamedTuple):
    """One frame, its payload unmasked."""

    opcode: int
    payload: bytes
    fin: bool = True
    masked: bool = False
    rsv: int = 0

    @property
    def code(self) -> int:
        """The status code of a close frame."""
        return int.from_bytes(self.payload[:2], "big")

    @property
    def reason(self) -> str:
        """The reason of a close frame."""
        return self.payload[2:].decode()


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    mask: bytes | None = None,
    rsv: int = 0,
) -> bytes:
    """A frame as bytes; a client's has a mask of four bytes."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    second = 0x80 if mask is not None else 0
    size = len(payload)
    if size < 126:
        head = bytes((first, second | size))
    elif size < 65536:
        head = bytes((first, second | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, second | 127)) + size.to_bytes(8, "big")
    if mask is None:
        return head + payload
    return head + mask + masked(payload, mask)


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload with the mask put on, or taken off."""
    long = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(long, "big")
    return number.to_bytes(len(payload), "big")


def closing(code: int, reason: str = "") -> bytes:
    """The payload of a close frame."""
    return code.to_bytes(2, "big") + reason.encode()
