"""One listening socket and what is served on it: opened, told other limits, closed.

Knows addresses and connections; nothing of which sockets there are.
"""

import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from sidecar.config import Address, Limits
from sidecar.errors import ExchangeError
from sidecar.serving import Acceptor, Connection, Incoming
from sidecar.sockets import cannot_listen, tcp_socket, unix_socket


class Answering(Protocol):
    """Who answers what comes in there."""

    async def serve(self, bound: str | None, connection: Connection, incoming: Incoming, /) -> bool:
        """Answer one request that came in where one upstream listens, if it did.

        Returns:
            whether another one may follow on the connection.
        """
        ...

    def refuse(self, error: ExchangeError) -> bytes:
        """The answer to bytes that are no request."""
        ...


class Wanted(NamedTuple):
    """A socket that the configuration asks for."""

    name: str
    """How `bound` calls it."""
    address: Address
    upstream: str | None
    """Whose calls come in there; None where requests say so."""
    secure: bool


class Listening:
    """One socket that listens, with the connections that came in there."""

    def __init__(self, wanted: Wanted, answering: Answering, limits: Limits) -> None:
        self.wanted = wanted
        self.address = wanted.address
        """Where it is; the port is known once it is bound."""
        self._answering = answering
        self.acceptor = Acceptor(self._serve, answering.refuse, limits)
        self._tls: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None
        self._made: os.stat_result | None = None
        """The file of a Unix socket, to know it by."""

    def __repr__(self) -> str:
        return f"<Listening {self.wanted.name} {self.address}>"

    async def _serve(self, connection: Connection, incoming: Incoming) -> bool:
        return await self._answering.serve(self.wanted.upstream, connection, incoming)

    def bind(self, tls: ssl.SSLContext | None) -> None:
        """Take the address. Who connects there waits until `accept` is called.

        Raises:
            OSError: the address is taken or not ours.
        """
        self._tls = tls
        try:
            if self.address.path:
                self._socket = unix_socket(self.address.path)
                self._made = Path(self.address.path).stat()
            else:
                self._socket = tcp_socket(self.address)
                self.address = Address(self.address.host, self._socket.getsockname()[1])
        except OSError as error:
            raise cannot_listen(self.address, error) from error

    async def accept(self) -> None:
        """Serve who connects."""
        if self._socket is not None:
            sock, self._socket = self._socket, None  # closed by the acceptor from now on
            await self.acceptor.start(sock, self._tls)

    def go_by(self, wanted: Wanted, limits: Limits) -> None:
        """Serve new connections as another configuration wants it; the socket stays."""
        self.wanted = wanted
        self.acceptor.go_by(limits)

    async def leave(self) -> None:
        """Accept nobody any more; end when the last connection has ended by itself."""
        try:
            self.acceptor.stop()
            self._unlink()
            await self.acceptor.left_alone()
        finally:
            await self.acceptor.close()

    async def close(self) -> None:
        """Stop accepting, and end every connection."""
        if self._socket is not None:
            self._socket.close()
        await self.acceptor.close()
        self._unlink()

    def _unlink(self) -> None:
        """Remove the file of a Unix socket, unless another process has taken the path since."""
        path = Path(self.address.path)
        with suppress(FileNotFoundError):
            if self._made is not None and os.path.samestat(path.stat(), self._made):
                path.unlink()
