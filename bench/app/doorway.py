"""Connections to a simulated provider: real TCP and TLS, with the way to it before them.

A connection is accepted at once by this machine's kernel. Name look-up and round trips are then a
wait before the TLS handshake; one that fails is reset in place of it, so that a client sees what it
sees when a provider is not reached: no connection, and nothing sent.
"""

import asyncio
import math
import socket
import ssl
from collections.abc import Container
from random import Random

from aiohttp import web

from bench.app.clock import Clock
from sidecar.demo.network import Network
from sidecar.demo.workload import UpstreamKind

_LINGER_ZERO = b"\x01\x00\x00\x00\x00\x00\x00\x00"
_BACKLOG = 1024
_CUT = 0.6
"""Share of the idle connections that end when the network begins to flap; the others break when
they are used."""
_GLANCE = 0.1
"""Seconds of the workload between two looks at the network."""


class Doorway:
    """One listening port.

    Args:
        up: whose line and troubles the connections have.
        server: speaks HTTP on those that are made.
        context: the server's side of TLS.
        network: delays, noise and episodes.
        clock: the workload's time.
        seed: of each connection's luck.
        busy: connections with a request that is being answered.
    """

    def __init__(
        self,
        up: UpstreamKind,
        server: web.Server,
        context: ssl.SSLContext,
        network: Network,
        clock: Clock,
        seed: int,
        busy: Container[asyncio.BaseTransport],
    ) -> None:
        self._busy = busy
        self._up, self._server, self._context = up, server, context
        self._network, self._clock, self._seed = network, clock, seed
        self._tasks: set[asyncio.Task[None]] = set()
        self.opened = 0
        """Connections that were asked for, those that failed included."""

    async def listen(self, port: int) -> None:
        """Take connections until it is cancelled."""
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", port), backlog=_BACKLOG) as listener:
            listener.setblocking(False)
            while True:
                sock, _ = await loop.sock_accept(listener)
                task = loop.create_task(self._welcome(sock))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def flap(self) -> None:
        """End idle connections when the network begins to flap, until it is cancelled."""
        begun = -1.0
        while True:
            await self._clock.sleep(_GLANCE)
            episode = self._network.weather.episode(self._up, self._clock.now())
            if episode is None or episode.kind != "netflap" or episode.start == begun:
                continue
            begun = episode.start
            rng = Random(f"{self._seed}:flap:{self._up}:{begun}")
            for transport in [one.transport for one in self._server.connections]:
                if transport and transport not in self._busy and rng.random() < _CUT:
                    self.reset(transport)

    async def _welcome(self, sock: socket.socket) -> None:
        rng = Random(f"{self._seed}:connection:{self._up}:{self.opened}")
        self.opened += 1
        work = self._network.workload
        spread = math.exp(work.noise.rtt_sigma * rng.gauss())
        fails = self._fails(rng)
        await self._clock.sleep(work.upstreams[self._up].setup_ms * spread / 1000)
        if fails:
            _reset_on_close(sock)
            sock.close()
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._server, sock, ssl=self._context)
        except (OSError, ssl.SSLError):  # the client has left
            sock.close()

    @staticmethod
    def reset(transport: asyncio.Transport) -> None:
        """End a connection as a network that fails does."""
        if transport.is_closing():  # one of TLS has no socket to tell of any more
            return
        _reset_on_close(transport.get_extra_info("socket"))
        transport.abort()

    def _fails(self, rng: Random) -> bool:
        episode = self._network.weather.episode(self._up, self._clock.now())
        flap = episode.p if episode and episode.kind == "netflap" else 0.0
        return rng.random() < max(flap, self._network.workload.faults.p_connect_fail)


def _reset_on_close(sock: socket.socket) -> None:
    """So that the other side sees an error and not an end (TCP RST)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
