"""Whether a client reads gzip: one reading of `Accept-Encoding` for every simulated provider."""

import re

from aiohttp import web

_GZIP = re.compile(r"\bgzip\b\s*(?:;\s*q=([0-9.]+))?", re.IGNORECASE)


def accepts_gzip(request: web.Request) -> bool:
    """Whether `Accept-Encoding` names gzip with a weight above 0 (RFC 9110 §12.5.3)."""
    found = _GZIP.search(request.headers.get("Accept-Encoding", ""))
    return found is not None and float(found[1] or 1) > 0
