"""Accepts the application's connections on one socket, and ends them when it is time.

Knows sockets; nothing of what is served on them.
"""

import asyncio
import socket
import ssl

from sidecar.config import Limits
from sidecar.serving.connection import Connection, Purpose, Refuse, Serve
from sidecar.serving.door import Door

_LAST_WORDS = 0.1
"""Seconds that an answer may take which is being written when all connections are ended."""


class Acceptor:
    """One listening socket, and its connections.

    Args:
        serve: answers a request.
        refuse: the answer to what is none.
        limits: of heads, and of idle connections.
    """

    def __init__(self, serve: Serve, refuse: Refuse, limits: Limits) -> None:
        self.open: set[Connection] = set()
        """The connections that are open."""
        self._purpose = Purpose(serve, refuse, limits, self.open, self._closed)
        self._door: Door | None = None
        self._alone: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<Acceptor {len(self.open)} open>"

    @property
    def owes(self) -> bool:
        """Whether a client has not yet been sent all of an answer."""
        return any(connection.owes for connection in self.open)

    async def start(self, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Accept on a socket that listens; it is closed here."""
        loop = asyncio.get_running_loop()
        # Left alone, loops give TLS half a minute to end, and drop what is unread by then.
        ending = self._purpose.limits.read_idle if tls is not None else None

        def made() -> Connection:
            return Connection(self._purpose, loop, secure=tls is not None)

        self._door = Door(sock, made, tls, ending)
        await self._door.open()

    def go_by(self, limits: Limits) -> None:
        """Let other limits hold for the connections that come from now on."""
        self._purpose = self._purpose._replace(limits=limits)

    def stop(self) -> None:
        """Accept no more; idle connections end now, the others with their answer."""
        if self._door is not None:
            self._door.close()
        for connection in tuple(self.open):
            connection.end_when_idle()

    async def left_alone(self) -> None:
        """Wait until the last connection has ended."""
        if self._door is not None:
            await self._door.all_in()
        if self.open:
            self._alone = asyncio.get_running_loop().create_future()
            await self._alone

    async def close(self) -> None:
        """Accept no more, and end every connection; answers that are being written may end."""
        self.stop()
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self.left_alone()
        except TimeoutError:
            if self._door is not None:
                await self._door.turn_away()
            for connection in tuple(self.open):
                connection.abort()
            await asyncio.sleep(0)  # for them to hear of it

    def _closed(self) -> None:
        if not self.open and self._alone is not None and not self._alone.done():
            self._alone.set_result(None)
