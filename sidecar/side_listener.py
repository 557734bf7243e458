"""How the listeners beside the proxy's are run: those for probes and for operators."""

import logging
from typing import TypeAlias

from aiohttp import web

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
