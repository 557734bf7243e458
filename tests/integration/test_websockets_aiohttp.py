"""The client and the server of aiohttp, with a sidecar in between."""

import asyncio
import os
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.support.builders import one_upstream
from tests.support.proxied import soon
from tests.support.sidecar import running_sidecar

HEARD = []
"""The codes that the server of aiohttp was told."""


async def serve_aiohttp(request):
    """Echo; a request to close is heard with its code and answered 1000, as aiohttp does."""
    socket = web.WebSocketResponse(protocols=("chat",), max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type == aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    HEARD.append(socket.close_code)
    return socket


@asynccontextmanager
async def aiohttp_tunnelled(**options):
    """aiohttp's client and server with a sidecar in between: the client's socket."""
    runner = web.ServerRunner(web.Server(serve_aiohttp))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    try:
        async with (
            running_sidecar(one_upstream(f"http://{host}:{port}")) as sidecar,
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{sidecar.proxy_url}/api/ws", max_msg_size=0, **options) as socket,
        ):
            yield socket
    finally:
        await runner.cleanup()


async def test_aiohttp_agrees_on_compression_and_subprotocol_through_the_sidecar():
    HEARD.clear()
    async with aiohttp_tunnelled(protocols=("x", "chat"), compress=15) as socket:
        assert socket.protocol == "chat"
        assert socket.compress == 15
        await socket.send_str("a" * 100_000)
        assert await socket.receive_str() == "a" * 100_000
        data = os.urandom(1024) * 5000
        await socket.send_bytes(data)
        assert await socket.receive_bytes() == data
        await socket.close(code=4002, message=b"done")
        await soon(lambda: HEARD == [4002])


async def test_the_heartbeat_of_aiohttp_is_answered():
    async with aiohttp_tunnelled(heartbeat=0.4) as socket:
        await asyncio.sleep(0.7)  # without an answer to its ping it ends after 0.6 s
        await socket.send_str("still there")
        assert await socket.receive_str() == "still there"
