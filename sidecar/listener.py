"""The shell between aiohttp's server and the pipeline: request → Exchange, Response → socket.

Errors become answers here and nowhere else. Decides nothing itself: `core` does.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from aiohttp import HttpVersion10, HttpVersion11, web

from sidecar.aiohttp_takeover import is_last
from sidecar.clock import Clock
from sidecar.config import Limits
from sidecar.core.answers import answer, status_of
from sidecar.core.headers import RequestHead, read_request
from sidecar.core.routing import Routed, RouteEntry, RouteTable
from sidecar.core.websocket import SWITCH, UPGRADE_REQUIRED, WANTED
from sidecar.downstream import SHORT, StreamedBody, gather, too_large, write_response
from sidecar.entered import Entered
from sidecar.errors import BadRequest, DownstreamError, Draining, ExchangeError
from sidecar.exchange import (
    SAFE_METHODS,
    BytesBody,
    Exchange,
    Handler,
    Request,
    RequestBody,
    Response,
    Timeline,
)
from sidecar.layers.observe import make_record
from sidecar.pipeline import Parts, build_refusal
from sidecar.switched import Switched
from sidecar.tunnels import Opening, Tunnels

_VERSIONS = (HttpVersion11, HttpVersion10)
_PATIENCE = 0.02
"""Seconds that a short request body may take to arrive before it is sent on as it comes."""


@dataclass(frozen=True, slots=True)
class Chains:
    """The handlers of all routes, and where to find them."""

    table: RouteTable
    handlers: Mapping[RouteEntry, Handler]
    parts: Parts
    openings: Mapping[RouteEntry, Opening] = field(default_factory=dict)
    """Of the routes where WebSockets pass."""


def _check_version(request: web.BaseRequest) -> None:
    """Refuse what aiohttp's parser takes for a request of HTTP/1 (RFC 9110 §15.6.6).

    Raises:
        BadRequest: it is of another version.
    """
    if request.version not in _VERSIONS:
        raise BadRequest(
            "only HTTP/1.1 and HTTP/1.0 are spoken here", code="bad_request", status=505
        )


class Listener:
    """Serves the application."""

    def __init__(self, chains: Chains, limits: Limits) -> None:
        self._chains = chains
        self._limits = limits
        self._clock: Clock = chains.parts.clock
        self._ids = map(f"{os.urandom(4).hex()}-{{:x}}".format, count(1))
        self._abandoned: set[asyncio.Future[Response]] = set()
        self._tunnels = Tunnels(chains.openings, self._clock)
        self.inflight = 0
        """Exchanges under way, from their head to their last byte."""
        self.draining = False
        """Whether connections are closed after the response that they wait for."""

    def __repr__(self) -> str:
        return f"<Listener {self.inflight} in flight, {len(self._abandoned)} abandoned>"

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way, also one that its client abandoned."""
        return bool(self.inflight or self._abandoned)

    async def serve(self, bound: str | None, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request that came in on the listener of upstream `bound`, if of one."""
        self.inflight += 1
        try:
            return await self._serve(bound, request)
        finally:
            self.inflight -= 1

    async def _serve(self, bound: str | None, request: web.BaseRequest) -> web.StreamResponse:
        timeline = Timeline(self._clock.now())
        routed: Routed | None = None
        head: RequestHead | None = None
        try:
            _check_version(request)
            head = read_request(list(request.raw_headers))
            host = head.host.decode("latin-1")
            routed = self._chains.table.resolve(request.method, request.raw_path, host, bound)
            opening = self._tunnels.opening(request, head, routed.route)
            body = await self._body(request, head, routed.route)
        except (DownstreamError, Draining) as error:
            response = await self._refuse(request, routed, error, timeline)
        else:
            route = routed.route
            fields = [*head.forwarded, *SWITCH] if opening else head.forwarded
            forwarded = Request(request.method, routed.target, fields, body)
            exchange = Exchange(
                next(self._ids), route.upstream, route.name, forwarded, float("inf"), timeline
            )
            exchange.entered = Entered(routed.by, host, request.secure)
            handler = opening.handler if opening else self._chains.handlers[route]
            response = await self._exchange(exchange, route, handler)
            if opening and isinstance(response, Switched):
                return await self._tunnels.carry(request, response, timeline, opening)
        return await write_response(
            request,
            response,
            read_idle=self._limits.read_idle,
            close=self.draining or is_last(request, head),
        )

    async def _exchange(self, exchange: Exchange, route: RouteEntry, handler: Handler) -> Response:
        try:
            if route.config.abandon == "cancel" or (
                route.config.abandon == "auto" and exchange.request.method in SAFE_METHODS
            ):
                return await handler(exchange)
            return await self._let_finish(exchange, handler)
        except ExchangeError as error:
            return answer(error, route.config.errors, exchange.id)

    async def _let_finish(self, exchange: Exchange, handler: Handler) -> Response:
        """Run the call so that it outlives the client: a write is not cut off half-way."""
        task = asyncio.ensure_future(handler(exchange))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._abandon(exchange, task)
            raise

    def _abandon(self, exchange: Exchange, task: asyncio.Future[Response]) -> None:
        self._abandoned.add(task)
        task.add_done_callback(self._discard)
        if exchange.timeline.sent_at == 0:  # nothing has left for the upstream
            task.cancel()
        else:
            exchange.abandoned = True

    def _discard(self, task: asyncio.Future[Response]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled() and task.exception() is None:
            task.result().close()

    async def _body(
        self, request: web.BaseRequest, head: RequestHead, route: RouteEntry
    ) -> RequestBody | None:
        """The request's body; a short one is waited for, shortly, or for long if it is looked at.

        Raises:
            DownstreamError: it is too large, or never came.
        """
        if head.length is None and not head.chunked:
            return None
        if head.length == 0:
            return BytesBody(b"")
        limit = self._limits.max_body
        if limit is not None and head.length is not None and head.length > limit:
            raise too_large(limit)
        body = StreamedBody(
            request,
            head.length,
            self._limits,
            keep=route.config.retry.max_body,
            expects_continue=head.expects_continue,
        )
        if route.reads_body and body.rewindable:
            return await gather(body, self._limits.body_idle)
        if head.length is None or head.length > SHORT or head.expects_continue:
            return body
        return await gather(body, _PATIENCE)

    async def _refuse(
        self,
        request: web.BaseRequest,
        routed: Routed | None,
        error: ExchangeError,
        timeline: Timeline,
    ) -> Response:
        """The answer to a request that is not forwarded; observed like any other."""
        forwarded = Request(request.method, routed.target if routed else request.raw_path, [])
        route = routed.route if routed else None
        exchange = Exchange(
            id=next(self._ids),
            upstream=route.upstream if route else "-",
            route=route.name if route else "-",
            request=forwarded,
            deadline=float("inf"),
            timeline=timeline,
            attempt=0,
        )
        shape = route.config.errors if route else "generic"
        try:
            return await build_refusal(error, shape, self._chains.parts)(exchange)
        except ExchangeError as refusal:
            response = answer(refusal, shape, exchange.id)
            response.headers += WANTED if response.status == UPGRADE_REQUIRED else ()
            return response

    def render_unparsed(self, error: ExchangeError) -> Response:
        """The answer to bytes that are no request; seen like any other."""
        parts = self._chains.parts
        nothing = Request("-", "-", [])
        timeline = Timeline(self._clock.now())
        exchange = Exchange(next(self._ids), "-", "-", nothing, float("inf"), timeline, attempt=0)
        record = make_record(exchange, status_of(error, "generic"), "sidecar", error, self._clock)
        for sink in parts.sinks:
            sink(record)
        return answer(error, "generic", exchange.id)

    def drain(self) -> None:
        """Close each connection after the response that it waits for, and end WebSockets."""
        self.draining = True
        self._tunnels.drain()

    async def stop(self) -> None:
        """End what clients abandoned."""
        for task in tuple(self._abandoned):
            task.cancel()
        await asyncio.gather(*self._abandoned, return_exceptions=True)
