"""The proxy's listening sockets: plain and TLS, TCP and Unix, shared and one for each upstream.

Knows addresses and certificates; nothing of what is served.
"""

import asyncio
import socket
import ssl
from functools import partial
from pathlib import Path

from aiohttp import web

from sidecar.aiohttp_compat import Server
from sidecar.config import Address, Config
from sidecar.listener import Listener

Bound = dict[str, Address | list[Address]]

_BACKLOG = 1024
_LINGER = 5.0
"""Seconds that the rest of a request is read after an early answer, so that it is not lost."""
_SHUTDOWN = 0.1


class Servers:
    """All listeners of the proxy."""

    def __init__(self, config: Config, listener: Listener) -> None:
        self._config = config
        self._listener = listener
        self._runners: list[web.ServerRunner] = []
        self._sockets: list[Path] = []

    async def start(self) -> Bound:
        """Bind all addresses; those that asked for port 0 are told what they got.

        Raises:
            OSError: an address is taken or not ours, or a certificate file cannot be read.
        """
        listen = self._config.listen
        tls = self._tls()
        bound: Bound = {
            "proxy": [await self._listen(address, None) for address in listen.proxy],
            "proxy_tls": [await self._listen(address, None, tls) for address in listen.proxy_tls],
        }
        host = next((address.host for address in listen.proxy if address.host), "127.0.0.1")
        for name, upstream in self._config.upstreams.items():
            if upstream.port is not None:
                bound[f"upstream:{name}"] = await self._listen(Address(host, upstream.port), name)
            if upstream.tls_port is not None:
                address = Address(host, upstream.tls_port)
                bound[f"upstream-tls:{name}"] = await self._listen(address, name, tls)
        return bound

    async def listen(self, runner: web.AppRunner, address: Address) -> Address:
        """Bind a listener that is not the application's.

        Raises:
            OSError: its address is taken or not ours.
        """
        bound = await _bind(runner, address, None)
        if bound.path:
            self._sockets.append(Path(bound.path))
        return bound

    async def close(self) -> None:
        """Stop accepting, and end every connection."""
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        self._runners.clear()
        for path in self._sockets:
            path.unlink(missing_ok=True)

    def _tls(self) -> ssl.SSLContext | None:
        files = self._config.listen.tls
        if files is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(files.certificate, files.key)
        return context

    async def _listen(
        self, address: Address, upstream: str | None, tls: ssl.SSLContext | None = None
    ) -> Address:
        limits = self._config.limits
        server = Server(
            partial(self._listener.serve, upstream),
            self._listener.render_unparsed,
            max_head=limits.max_header_total,
            auto_decompress=False,
            keepalive_timeout=limits.keep_alive,
            lingering_time=_LINGER,
            max_field_size=limits.max_header_size,
            max_headers=limits.max_headers,
            max_line_size=limits.max_header_size,
        )
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        self._runners.append(runner)
        bound = await _bind(runner, address, tls)
        if bound.path:
            self._sockets.append(Path(bound.path))
        return bound


async def _bind(runner: web.BaseRunner, address: Address, tls: ssl.SSLContext | None) -> Address:
    try:
        if address.path:
            await web.UnixSite(runner, address.path, ssl_context=tls, backlog=_BACKLOG).start()
            return address
        sock = _tcp_socket(address)
    except OSError as error:
        raise OSError(f"cannot listen on {address}: {error.strerror or error}") from error
    await web.SockSite(runner, sock, ssl_context=tls, backlog=_BACKLOG).start()
    return Address(address.host, sock.getsockname()[1])


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
