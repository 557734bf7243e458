"""One listening socket of the proxy and what is served on it: opened, told other limits, closed.

Knows addresses and aiohttp's runners; nothing of which sockets there are.
"""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from sidecar.aiohttp_compat import Server
from sidecar.config import Address, Limits
from sidecar.listener import Listener

_BACKLOG = 1024
_LINGER = 5.0
"""Seconds that the rest of a request is read after an early answer, so that it is not lost."""
_SHUTDOWN = 0.1
_LOOK = 0.25
"""Seconds between two looks whether the last connection of a closed socket has gone."""


class Wanted(NamedTuple):
    """A socket that the configuration asks for."""

    name: str
    """How `bound` calls it."""
    address: Address
    upstream: str | None
    """Whose calls come in there; None where requests say so."""
    secure: bool


class Listening:
    """One socket that listens, with the server behind it."""

    def __init__(self, wanted: Wanted, listener: Listener, limits: Limits) -> None:
        self.wanted = wanted
        self.address = wanted.address
        """Where it is; the port is known once it is bound."""
        self._listener = listener
        self._server = Server(
            self._serve,
            listener.render_unparsed,
            auto_decompress=False,
            lingering_time=_LINGER,
            **_options(limits),
        )
        self.runner = web.ServerRunner(self._server, shutdown_timeout=_SHUTDOWN)
        self._site: web.BaseSite | None = None
        self._socket: socket.socket | None = None

    def __repr__(self) -> str:
        return f"<Listening {self.wanted.name} {self.address}>"

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._listener.serve(self.wanted.upstream, request)

    async def bind(self, tls: ssl.SSLContext | None) -> None:
        """Take the address. Who connects there waits until `accept` is called.

        Raises:
            OSError: the address is taken or not ours.
        """
        await self.runner.setup()
        try:
            self.address, self._site, self._socket = await bound(self.runner, self.address, tls)
        except BaseException:
            await self.runner.cleanup()
            raise

    async def accept(self) -> None:
        """Serve who connects."""
        if self._site is not None and self._socket is not None:
            await self._site.start()
            self._socket = None  # the site closes it from now on

    def go_by(self, wanted: Wanted, limits: Limits) -> None:
        """Serve new connections as another configuration wants it; the socket stays."""
        self.wanted = wanted
        self._server.go_by(**_options(limits))

    async def leave(self) -> None:
        """Accept nobody any more; end when the last connection has ended by itself."""
        if self._site is not None:
            await self._site.stop()
        self._unlink()
        self._server.pre_shutdown()  # idle connections close now, the others with their answer
        try:
            while self._server.connections:  # noqa: ASYNC110 - aiohttp tells nobody
                await asyncio.sleep(_LOOK)
        finally:
            await self.runner.cleanup()

    async def close(self) -> None:
        """Stop accepting, and end every connection."""
        if self._socket is not None:
            self._socket.close()
        await self.runner.cleanup()
        self._unlink()

    def _unlink(self) -> None:
        if self.address.path:
            Path(self.address.path).unlink(missing_ok=True)


def _options(limits: Limits) -> dict[str, Any]:
    return {
        "max_head": limits.max_header_total,
        "keepalive_timeout": limits.keep_alive,
        "max_field_size": limits.max_header_size,
        "max_headers": limits.max_headers,
        "max_line_size": limits.max_header_size,
    }


async def bound(
    runner: web.BaseRunner, address: Address, tls: ssl.SSLContext | None
) -> tuple[Address, web.BaseSite, socket.socket | None]:
    """The address as it is bound, its site, and the socket that the site does not serve yet.

    A Unix socket is served at once.

    Raises:
        OSError: the address is taken or not ours.
    """
    try:
        if address.path:
            unix = web.UnixSite(runner, address.path, ssl_context=tls, backlog=_BACKLOG)
            await unix.start()
            return address, unix, None
        sock = _tcp_socket(address)
    except OSError as error:
        raise OSError(f"cannot listen on {address}: {error.strerror or error}") from error
    site = web.SockSite(runner, sock, ssl_context=tls, backlog=_BACKLOG)
    return Address(address.host, sock.getsockname()[1]), site, sock


def _tcp_socket(address: Address) -> socket.socket:
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, proto, _, where = found[0]
    sock = socket.socket(family, kind, proto)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
