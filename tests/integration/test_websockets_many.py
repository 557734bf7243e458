"""Many WebSockets at once, and one whose other side does not read: nothing stays or grows."""

import asyncio
import gc
import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.proxied import soon
from tests.support.websocket import opened, tunnelled
from tests.support.websocket_frames import BINARY, TEXT

MIB = 1024 * 1024


async def test_many_at_once_and_one_after_another_leave_nothing_behind():
    gc.collect()
    tasks, files = len(asyncio.all_tasks()), None
    async with tunnelled() as (sidecar, origin):
        for _ in range(4):
            async with AsyncExitStack() as stack:
                clients = [
                    await stack.enter_async_context(opened(sidecar.proxy)) for _ in range(50)
                ]
                for client in clients:
                    await client.send(TEXT, b"x")
                for client in clients:
                    assert (await client.receive()).payload == b"x"
                    await client.close(1000)
                for client in clients:
                    assert (await client.receive()).code == 1000
                    assert await client.end() == "eof"
            origin.peers.clear()
            await soon(lambda: sidecar.sidecar._listener.inflight == 0)
            await soon(lambda: not connections_of(sidecar))
            now = len(list(Path("/proc/self/fd").iterdir()))
            assert files is None or now <= files
            files = now
        (stats,) = sidecar.sidecar._parts.tunnelling.stats.values()
        assert (stats.open, stats.opened, stats.ended) == (0, 200, {"closed": 200})
        assert (stats.up.messages, stats.down.messages) == (200, 200)
        assert sidecar.sidecar._parts.transports["api"].pool.stats.open == 0
    await soon(lambda: len(asyncio.all_tasks()) <= tasks)


def connections_of(sidecar):
    """What the listeners believe to be open."""
    return [each for listening in sidecar.sidecar._servers.open for each in listening.acceptor.open]


@pytest.mark.parametrize("way", ["up", "down"])
async def test_a_side_that_does_not_read_holds_the_other_back(way):
    """What is on its way is bounded by buffers, however much there is to send."""
    block = os.urandom(256 * 1024)
    sent = 0

    async def pour(peer):
        nonlocal sent
        while True:
            await peer.send(BINARY, block)
            sent += len(block)

    async def stalled(peer):
        if way == "down":
            await pour(peer)
        await asyncio.Event().wait()

    async with tunnelled(stalled) as (sidecar, _), opened(sidecar.proxy) as client:
        pouring = asyncio.create_task(pour(client)) if way == "up" else None
        before = -1
        while sent > before or not sent:
            before = sent
            await asyncio.sleep(0.3)
        (tunnel,) = sidecar.sidecar._listener._tunnels._open
        held = [side.transport.get_write_buffer_size() for side in (tunnel.client, tunnel.upstream)]
        assert sent < 40 * MIB  # the kernel's buffers on four sockets
        assert sum(held) < MIB
        if pouring is not None:
            pouring.cancel()
