"""How the listener for operators is run, beside those for the application and for probes."""

import logging
from typing import TypeAlias

from aiohttp import web

from sidecar.config import Address
from sidecar.sockets import BACKLOG, cannot_listen, tcp_socket

Runner: TypeAlias = web.AppRunner

# What aiohttp cannot parse it would log, request line and all.
_SILENT = logging.getLogger("sidecar.unparsed")
_SILENT.disabled = True
_SHUTDOWN_SECONDS = 1.0
_KEEP_ALIVE_SECONDS = 15.0


def make_runner(app: web.Application) -> Runner:
    """A runner that stops within a second, whatever its clients do."""
    return web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        lingering_time=0,
        logger=_SILENT,
    )


async def listen(runner: Runner, address: Address) -> Address:
    """Bind and serve it; the address with the port that it got.

    Raises:
        OSError: the address is taken or not ours.
    """
    try:
        if address.path:
            await web.UnixSite(runner, address.path, backlog=BACKLOG).start()
            return address
        sock = tcp_socket(address)
    except OSError as error:
        raise cannot_listen(address, error) from error
    await web.SockSite(runner, sock, backlog=BACKLOG).start()
    return Address(address.host, sock.getsockname()[1])
