"""The read-only listener for probes, Prometheus and people: `/metrics` and `/health`.

Knows a snapshot of the sidecar and its metrics; it can change nothing. The state of an upstream
never makes the sidecar itself unready.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Literal

from sidecar.config import Limits
from sidecar.downstream import response_head, write_response
from sidecar.errors import DownstreamError, ExchangeError
from sidecar.exchange import BytesBody, RawHeaders, Response
from sidecar.serving import Asking, Connection, Incoming
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pool_stats import PoolStats

State = Literal["starting", "ready", "draining"]

LIMITS = Limits(keep_alive=15.0)
"""What its clients may send, and how long they may idle."""

_JSON = "application/json; charset=utf-8"
_READING = ("GET", "HEAD")
_ORIGIN = re.compile(r"^https?://[^/?]*", re.IGNORECASE)
"""With what a target begins that names the server too, as every server must accept it
(RFC 9112 §3.2.2)."""


@dataclass(frozen=True, slots=True)
class UpstreamStatus:
    """One upstream, for people."""

    url: str
    """Scheme, host and base path; the configuration allows no credentials in it."""
    inflight: int
    """Exchanges under way."""
    pool: PoolStats
    breakers: Mapping[str, str] = field(default_factory=dict)
    """How each of its breakers stands, by key."""


@dataclass(frozen=True, slots=True)
class Status:
    """The sidecar now. Live means that this can be asked; ready, that `state` is `ready`."""

    version: str
    state: State
    """`ready`: the configuration is loaded, the listeners are bound, and it is not draining."""
    uptime: float
    """Seconds since the start."""
    listeners: tuple[str, ...] = ()
    upstreams: Mapping[str, UpstreamStatus] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    """`up` or `down`, by name."""


class Ops:
    """Answers on the ops listener.

    Args:
        status: how things stand; called for every request to `/health`.
        metrics: what is scraped.
    """

    def __init__(self, status: Callable[[], Status], metrics: Metrics) -> None:
        self._status = status
        self._metrics = metrics
        self._scraping = asyncio.Semaphore(1)
        """Threads are shared: scrapes take one at most."""

    async def serve(self, _bound: str | None, connection: Connection, incoming: Incoming) -> bool:
        """Answer one request; whether another one may follow on the connection."""
        asking = Asking(connection, incoming)
        head = None
        try:
            head = asking.read_head()
            response = await self._page(incoming)
        except DownstreamError as error:
            response = _error(error.status, error.message)
        return await write_response(
            connection,
            incoming,
            response,
            read_idle=LIMITS.read_idle,
            close=asking.is_last(head),
        )

    def refuse(self, error: ExchangeError) -> bytes:
        """The answer to bytes that are no request, or to one that the sidecar failed on."""
        status = error.status if isinstance(error, DownstreamError) else 500
        response = _error(status, error.message)
        return response_head(response, [(b"Connection", b"close")]) + (response.body.take() or b"")

    async def _page(self, incoming: Incoming) -> Response:
        path = _ORIGIN.sub("", incoming.target).partition("?")[0]
        if path not in ("/health", "/health/live", "/health/ready", "/metrics"):
            return _error(404, "not found")
        if incoming.method not in _READING:
            response = _error(405, "method not allowed")
            response.headers.append((b"Allow", ",".join(_READING).encode()))
            return response
        if path == "/metrics":
            return await self._metrics_page(incoming.headers)
        if path == "/health/live":
            return _json(200, {"status": "live"})
        status = self._status()
        if path == "/health":
            return _json(200, asdict(status))
        return _json(200 if status.state == "ready" else 503, {"status": status.state})

    async def _metrics_page(self, asked: RawHeaders) -> Response:
        accept = ",".join(value.decode("latin-1") for name, value in asked if _is_accept(name))
        async with self._scraping:
            body, content_type = await asyncio.to_thread(self._metrics.render, accept)
        return _response(200, body, content_type)


def _is_accept(name: bytes) -> bool:
    return name.lower() == b"accept"


def _error(status: int, message: str) -> Response:
    return _json(status, {"error": message})


def _json(status: int, value: Mapping[str, object]) -> Response:
    return _response(status, (json.dumps(value, indent=2) + "\n").encode(), _JSON)


def _response(status: int, body: bytes, content_type: str) -> Response:
    headers: RawHeaders = [
        (b"Content-Type", content_type.encode()),
        (b"Content-Length", b"%d" % len(body)),
        (b"Cache-Control", b"no-store"),
        (b"Server", b"sidecar"),
        (b"Date", formatdate(usegmt=True).encode()),  # RFC 9110 §6.6.1
    ]
    reason = HTTPStatus(status).phrase.encode()
    return Response(status, reason, headers, BytesBody(body), source="sidecar")
