"""How a WebSocket through the sidecar ended, as its upstream and its figures know it."""

import asyncio

from sidecar.telemetry.tunnel_stats import TunnelStats
from tests.support.proxied import soon
from tests.support.sidecar import Running
from tests.support.websocket import Peer
from tests.support.websocket_frames import CLOSE, Frame


def stats_of(sidecar: Running) -> TunnelStats:
    """The figures of its only route."""
    (stats,) = sidecar.sidecar._parts.tunnelling.stats.values()
    return stats


async def over(sidecar: Running) -> None:
    """Wait until no WebSocket is left."""
    await soon(lambda: sidecar.sidecar._listener.inflight == 0)


class Listening:
    """An upstream that keeps what it hears, and how it ended."""

    def __init__(self) -> None:
        self.heard: list[Frame] = []
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, peer: Peer) -> None:
        try:
            while True:
                self.heard.append(await peer.receive())
                if self.heard[-1].opcode == CLOSE:
                    self.ended.set_result("close")
                    return
        except asyncio.IncompleteReadError:
            self.ended.set_result("eof")
        except ConnectionError:
            self.ended.set_result("reset")
