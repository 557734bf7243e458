"""The WebSockets that are open: how they begin and what is told of them when they have ended.

The edge to the application's connection on one side, and to the exchange on the other.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.config.websocket import Websocket
from sidecar.core.headers import RequestHead
from sidecar.core.routing import RouteEntry
from sidecar.core.websocket import PROTOCOL, check_handshake
from sidecar.downstream import response_head
from sidecar.errors import BadRequest, ClientClosed, Draining
from sidecar.exchange import Handler, Timeline
from sidecar.serving import Connection, Incoming
from sidecar.switched import Switched
from sidecar.telemetry.tunnel_stats import TunnelStats
from sidecar.tunnels.tunnel import Tunnel


class Opening(NamedTuple):
    """How the WebSockets of one route are opened, and what holds for them then."""

    handler: Handler
    """Answers handshakes."""
    settings: Websocket
    stats: TunnelStats


class Tunnels:
    """All WebSockets that are open.

    Args:
        openings: the routes where any may be opened.
        clock: where time comes from.
    """

    def __init__(self, openings: Mapping[RouteEntry, Opening], clock: Clock) -> None:
        self._openings = openings
        self._clock = clock
        self._open: set[Tunnel] = set()
        self._drains = False

    def __repr__(self) -> str:
        return f"<Tunnels {len(self._open)} open>"

    def open_by(self, openings: Mapping[RouteEntry, Opening]) -> None:
        """Open new ones so; those that are open go on."""
        self._openings = openings

    def drain(self) -> None:
        """End them, because the sidecar stops; and those that were about to open."""
        self._drains = True
        for tunnel in tuple(self._open):
            tunnel.drain()

    def opening(self, incoming: Incoming, head: RequestHead, route: RouteEntry) -> Opening | None:
        """How the WebSocket is opened that a request asks for; None where it asks for none.

        Raises:
            BadRequest: the handshake is not valid, or the route has no WebSockets.
            Draining: it would have to end at once.
        """
        if head.upgrade != PROTOCOL:
            return None
        opening = self._openings.get(route)
        if opening is None:
            text = "WebSockets do not pass here (websocket.enabled)"
            raise BadRequest(text, code="upgrade_unsupported", status=501)
        self.is_handshake(incoming, head)
        return opening

    def is_handshake(self, incoming: Incoming, head: RequestHead) -> bool:
        """Whether a request asks for a WebSocket, in the way that it must.

        Raises:
            BadRequest: the handshake is not valid.
            Draining: it would have to end at once.
        """
        if head.upgrade != PROTOCOL:
            return False
        check_handshake(incoming.method, incoming.headers, head, modern=incoming.modern)
        if not incoming.switching:
            raise BadRequest("bytes behind the handshake were read as HTTP", code="bad_request")
        if self._drains:
            raise Draining("the sidecar is shutting down", sent=False)
        return True

    async def carry(
        self,
        connection: Connection,
        response: Switched,
        timeline: Timeline,
        opening: Opening,
    ) -> None:
        """Pass a 101 on, and then what both sides send, until both have gone.

        Args:
            connection: whose request is answered.
            response: the upstream's 101; closed when this returns or raises.
            timeline: where the bytes are counted.
            opening: what holds for it.
        """
        try:
            line = connection.hand_over()
        except ConnectionError:
            response.close(ClientClosed("the application has left", code="client_closed"))
            return
        tunnel = Tunnel(line, response.line, opening.settings, opening.stats, self._clock)
        self._open.add(tunnel)
        if self._drains:  # to be told once it has begun
            asyncio.get_running_loop().call_soon(tunnel.drain)
        try:
            await tunnel.run(response_head(response, []))
        finally:
            self._open.discard(tunnel)
            timeline.bytes_up += tunnel.client.bytes
            timeline.bytes_down += tunnel.upstream.bytes
            response.close(tunnel.error)
            tunnel.client.when_gone(connection.connection_lost)
