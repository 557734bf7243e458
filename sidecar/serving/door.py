"""The door of one listening socket: who waits before it comes in, all in one turn of the loop.

Why the loops' own servers do not do: uvloop's takes one connection in each turn, and asyncio's
writes thousands of lines when there are no descriptors left. Knows nothing of what is said.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

from sidecar.sockets import BACKLOG
from sidecar.telemetry import logs

_AT_ONCE = 256
"""Connections that come in in one turn at most, so that those that are open have their turn."""
_HANDSHAKES_AT_ONCE = 16
"""The same with TLS, where each takes a millisecond of the loop's time."""
_PAUSE = 1.0
"""Seconds until it is tried again where the system has nothing left for one more."""


class Door:
    """A listening socket, which nobody else closes, and who comes in there.

    Args:
        sock: it listens.
        made: makes what speaks with a client.
        tls: how, where it is TLS.
        ending: seconds that TLS may take to end, and what is unread with it.
    """

    def __init__(
        self,
        sock: socket.socket,
        made: Callable[[], asyncio.BaseProtocol],
        tls: ssl.SSLContext | None,
        ending: float | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self.made = made
        self._tls = tls
        self._ending = ending
        self._at_once = _AT_ONCE if tls is None else _HANDSHAKES_AT_ONCE
        self._entering: dict[socket.socket, asyncio.Task[None]] = {}
        """Those that have no transport yet, or are at their handshake."""
        self._server: asyncio.Server | None = None
        """uvloop's, which takes the first; the others are let in here."""
        self._full = False
        """Whether somebody waits who could not be let in."""
        self._again: asyncio.TimerHandle | None = None
        sock.setblocking(False)

    def __repr__(self) -> str:
        return f"<Door {len(self._entering)} entering>"

    async def open(self) -> None:
        """Let in who comes.

        A socket of Python's for each connection that comes alone would cost uvloop 40 µs.
        """
        loop, sock = self._loop, self._sock
        if isinstance(loop, asyncio.BaseEventLoop):
            self._watch()
        elif sock.family == socket.AF_UNIX:
            self._server = await loop.create_unix_server(
                self._first,
                sock=sock,
                ssl=self._tls,
                backlog=BACKLOG,
                ssl_shutdown_timeout=self._ending,
            )
        else:
            self._server = await loop.create_server(
                self._first,
                sock=sock,
                ssl=self._tls,
                backlog=BACKLOG,
                ssl_shutdown_timeout=self._ending,
            )

    def close(self) -> None:
        """Let nobody in any more; who is at the handshake may end it. Idempotent."""
        if self._again is not None:
            self._again.cancel()
        if self._server is not None:
            self._server.close()
        elif self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._sock.close()

    async def all_in(self) -> None:
        """Wait until nobody is at the handshake any more. Who began with it may still come in."""
        if self._entering:
            await asyncio.wait(self._entering.values())

    async def turn_away(self) -> None:
        """End the handshakes that are under way."""
        for task in self._entering.values():
            task.cancel()
        await self.all_in()

    def _watch(self) -> None:
        self._loop.add_reader(self._sock, self._let_in)

    def _first(self) -> asyncio.BaseProtocol:
        self._let_in()  # who came with it
        return self.made()

    def _let_in(self) -> None:
        """Let in who waits."""
        for _ in range(self._at_once):
            try:
                sock, _ = self._sock.accept()
            except BlockingIOError:
                self._had_room()
                return
            except ConnectionAbortedError:  # one that has left meanwhile
                continue
            except OSError as error:
                self._is_full(error)
                return
            self._entering[sock] = self._loop.create_task(self._enter(sock))

    async def _enter(self, sock: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self.made, sock, ssl=self._tls, ssl_shutdown_timeout=self._ending
            )
        except OSError:  # it has left, or does not speak TLS as we do
            sock.close()
        finally:
            self._entering.pop(sock, None)

    def _is_full(self, error: OSError) -> None:
        """Ask later: the socket would go on saying that somebody waits, and the loop never rest.

        uvloop ends the connections that wait, and rests as well (libuv, `uv__emfile_trick`).
        """
        if not self._full:
            self._full = True
            logs.event("accept_failing", "error", reason=error.strerror or str(error))
        if self._server is None:
            self._loop.remove_reader(self._sock)
            self._again = self._loop.call_later(_PAUSE, self._watch)

    def _had_room(self) -> None:
        if self._full:
            self._full = False
            logs.event("accept_recovered")
