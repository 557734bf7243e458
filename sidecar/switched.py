"""The response that is no end but a beginning: a 101, with the connection that goes on behind it.

It travels up the layers like any other. Knows nothing of who reads or writes the connection.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass, field

from sidecar.exchange import Response

_LINGER_ZERO = struct.pack("ii", 1, 0)


@dataclass(slots=True, eq=False)
class Line:
    """A connection as bytes, with no protocol of ours on it. Reading is paused."""

    transport: asyncio.Transport
    early: bytes = b""
    """What came already."""

    def abort(self, _error: BaseException | None = None) -> None:
        """End it now, in both directions; nothing where it has ended."""
        self.transport.abort()


@dataclass(slots=True, eq=False)
class Switched(Response):
    """A 101 of the upstream. Whoever closes it ends the connection as well."""

    line: Line = field(kw_only=True)

    def __post_init__(self) -> None:
        self.on_close(self.line.abort)

    def lifted(self) -> "Switched":
        """The same 101 for whoever is above; this one is closed, and its connection goes on.

        So what was held for the handshake alone is given back.
        """
        self._on_close.remove(self.line.abort)
        above = Switched(self.status, self.reason, self.headers, self.body, line=self.line)
        above.judgement = self.judgement
        try:
            self.close()
        except BaseException as error:
            above.close(error)
            raise
        return above


def reset(transport: asyncio.Transport) -> None:
    """End a connection so that the other side sees an error, not an end (TCP RST)."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()
