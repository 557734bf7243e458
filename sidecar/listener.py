"""The shell between connections and the pipeline: request → Exchange, Response → socket.

Errors become answers here and nowhere else. Decides nothing itself: `core` does.
"""

import asyncio
import os
from itertools import count
from math import inf

from sidecar.chains import Chains
from sidecar.clock import Clock
from sidecar.core.answers import answer, status_of
from sidecar.core.headers import RequestHead
from sidecar.core.routing import Routed, RouteEntry
from sidecar.core.websocket import PROTOCOL, SWITCH
from sidecar.delivering.feed import Spoken
from sidecar.downstream import (
    SHORT,
    StreamedBody,
    gather,
    response_head,
    too_large,
    write_response,
)
from sidecar.entered import Entered
from sidecar.errors import DownstreamError, Draining, ExchangeError, forget_frames
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
from sidecar.pipeline import build_refusal
from sidecar.serving import Asking, Connection, Incoming
from sidecar.switched import Switched
from sidecar.tunnels import Tunnels, speak

_PATIENCE = 0.02
"""Seconds that a short request body may take to arrive before it is sent on as it comes."""


class Listener:
    """Serves the application: each request by the chains that were there when it came."""

    def __init__(self, chains: Chains) -> None:
        self._chains = chains
        self._limits = chains.limits
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

    async def serve(self, bound: str | None, connection: Connection, incoming: Incoming) -> bool:
        """Answer one request that came in on the listener of upstream `bound`, if of one.

        Returns:
            whether another one may follow on the connection.
        """
        self.inflight += 1
        try:
            return await self._serve(self._chains, bound, Asking(connection, incoming))
        finally:
            self.inflight -= 1

    def serve_by(self, chains: Chains) -> None:
        """Serve what comes from now on by other chains."""
        self._chains = chains
        self._limits = chains.limits
        self._tunnels.open_by(chains.openings)

    async def _serve(self, chains: Chains, bound: str | None, asking: Asking) -> bool:
        connection, incoming = asking
        timeline = Timeline(self._clock.now())
        routed: Routed | None = None
        head: RequestHead | None = None
        try:
            head = asking.read_head()
            host = head.host.decode("latin-1")
            routed = chains.table.resolve(incoming.method, incoming.target, host, bound)
            chains.table.check_client(routed, host, head.forwarded)
            opening = self._tunnels.opening(incoming, head, routed.route)
            body: RequestBody | None = None
            if head.length is not None or head.chunked:
                body = await self._body(asking, head, routed.route)
        except (DownstreamError, Draining) as error:
            if head and error.code == "reserved_path" and chains.pages is not None:
                response = await self._page(chains.pages, asking, head, timeline)
                if isinstance(response, Spoken):
                    await speak(connection, incoming, response, timeline, self._limits.read_idle)
                    return False
            else:
                response = await self._refuse(incoming, routed, error, timeline)
        else:
            route = routed.route
            fields = [*head.forwarded, *SWITCH] if opening else head.forwarded
            forwarded = Request(incoming.method, routed.target, fields, body)
            exchange = Exchange(
                next(self._ids), route.upstream, route.config.name, forwarded, inf, timeline
            )
            exchange.entered = Entered(routed.by, host, connection.secure)
            handler = opening.handler if opening else chains.handlers[route]
            response = await self._exchange(exchange, route, handler)
            if opening and isinstance(response, Switched):
                await self._tunnels.carry(connection, response, timeline, opening)
                return False
        return await write_response(
            connection,
            incoming,
            response,
            read_idle=self._limits.read_idle,
            close=self.draining or asking.is_last(head),
        )

    async def _page(
        self, pages: Handler, asking: Asking, head: RequestHead, timeline: Timeline
    ) -> Response:
        """One of the sidecar's own pages."""
        connection, incoming = asking
        body: RequestBody | None = None
        if head.chunked or head.length:
            expects = head.expects_continue
            body = StreamedBody(*asking, head.length, self._limits, expects_continue=expects)
        fields = [*head.forwarded, *SWITCH] if head.upgrade == PROTOCOL else head.forwarded
        exchange = self._unsent(Request(incoming.method, incoming.target, fields, body), timeline)
        exchange.entered = Entered("prefix", head.host.decode("latin-1"), connection.secure)
        try:
            self._tunnels.is_handshake(incoming, head)
            return await pages(exchange)
        except ExchangeError as error:
            return answer(error, "generic", exchange.id)

    async def _exchange(self, exchange: Exchange, route: RouteEntry, handler: Handler) -> Response:
        try:
            if route.config.abandon == "cancel" or (
                route.config.abandon == "auto" and exchange.request.method in SAFE_METHODS
            ):
                return await handler(exchange)
            return await self._let_finish(exchange, handler)
        except ExchangeError as error:
            response = answer(error, route.config.errors, exchange.id)
            forget_frames(error)
            return response

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

    async def _body(self, asking: Asking, head: RequestHead, route: RouteEntry) -> RequestBody:
        """A request's body. One that the route looks into is waited for, a short one for a moment.

        Raises:
            DownstreamError: it is too large, or never came.
        """
        if head.length == 0:
            return BytesBody(b"")
        limit = self._limits.max_body
        if limit is not None and head.length is not None and head.length > limit:
            raise too_large(limit)
        body = StreamedBody(
            *asking,
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
        incoming: Incoming,
        routed: Routed | None,
        error: ExchangeError,
        timeline: Timeline,
    ) -> Response:
        """The answer to a request that is not forwarded; observed like any other."""
        asked = Request(incoming.method, routed.target if routed else incoming.target, [])
        exchange = self._unsent(asked, timeline, route := routed.route if routed else None)
        shape = route.config.errors if route else "generic"
        try:
            return await build_refusal(error, shape, self._chains.parts)(exchange)
        except ExchangeError as refusal:
            return answer(refusal, shape, exchange.id)
        finally:
            forget_frames(error)

    def _unsent(self, asked: Request, spent: Timeline, route: RouteEntry | None = None) -> Exchange:
        """The exchange of a request that goes to no upstream."""
        names = (route.upstream, route.name) if route else ("-", "-")
        return Exchange(next(self._ids), *names, asked, inf, spent, attempt=0)

    def refuse(self, error: ExchangeError) -> bytes:
        """The answer to bytes that are no request; seen like any other."""
        exchange = self._unsent(Request("-", "-", []), Timeline(self._clock.now()))
        record = make_record(exchange, status_of(error, "generic"), "sidecar", error, self._clock)
        for sink in self._chains.parts.sinks:
            sink(record)
        response = answer(error, "generic", exchange.id)
        return response_head(response, [(b"Connection", b"close")]) + (response.body.take() or b"")

    def drain(self) -> None:
        """Close each connection after the response that it waits for, and end WebSockets."""
        self.draining = True
        self._tunnels.drain()

    async def stop(self) -> None:
        """End what clients abandoned."""
        for task in tuple(self._abandoned):
            task.cancel()
        await asyncio.gather(*self._abandoned, return_exceptions=True)
