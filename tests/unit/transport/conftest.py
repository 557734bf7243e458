import asyncio
import socket

import pytest

from sidecar.exchange import Timeline
from sidecar.transport.connection import Connection
from tests.support.attempts import World
from tests.support.clock import FakeClock
from tests.support.connections import FakeTransport


class Line:
    """A connection on a fake transport and a real, unused pair of sockets."""

    def __init__(self):
        self.near, self.far = socket.socketpair()
        self.clock = FakeClock()
        self.transport = FakeTransport()
        self.subject = Connection(asyncio.get_running_loop(), self.near, self.clock)
        self.subject.connection_made(self.transport)

    def start(self, method="GET"):
        """Begin an exchange."""
        self.timeline = Timeline(self.clock.now())
        self.subject.start(method, 1, self.timeline)
        self.subject.write(b"request")

    def close(self):
        """Leave nothing behind."""
        self.subject.disarm()
        self.near.close()
        self.far.close()


@pytest.fixture
async def make_line():
    lines = []

    def make():
        lines.append(Line())
        return lines[-1]

    yield make
    for line in lines:
        line.close()


@pytest.fixture
async def line(make_line):
    return make_line()


@pytest.fixture
async def make():
    """Makes worlds with an attempt in them; all are left at the end."""
    worlds = []

    def make(*scripts, **timeouts):
        worlds.append(World(*scripts, **timeouts))
        return worlds[-1]

    yield make
    for world in worlds:
        await world.leave()
