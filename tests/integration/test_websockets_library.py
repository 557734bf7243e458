"""The `websockets` library on both sides of the sidecar: its own rules, kept through it."""

import asyncio
import os
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("websockets", reason="install the `test` extra")

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from tests.support.builders import one_upstream
from tests.support.proxied import soon
from tests.support.sidecar import running_sidecar

MIB = 1024 * 1024


async def echo(socket):
    async for message in socket:
        await socket.send(message)


@asynccontextmanager
async def between(handler=echo, *, client=None, **server):
    """A client of the library that is open, and the sidecar."""
    server = {"max_size": 32 * MIB, **server}
    async with serve(handler, "127.0.0.1", 0, **server) as origin:
        port = origin.sockets[0].getsockname()[1]
        async with running_sidecar(one_upstream(f"http://127.0.0.1:{port}")) as sidecar:
            url = f"ws://{sidecar.proxy}/api/ws"
            async with connect(url, max_size=None, proxy=None, **(client or {})) as socket:
                yield socket, sidecar


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_messages_of_all_kinds_with_and_without_compression(compression):
    async with between(client={"compression": compression}) as (socket, _):
        extensions = [each.name for each in socket.protocol.extensions]
        assert extensions == (["permessage-deflate"] if compression else [])
        for message in ("", "grüß dich", b"\0\xff", os.urandom(5 * MIB), "a" * (2 * MIB)):
            await socket.send(message)
            assert await socket.recv() == message


async def test_fragments_of_a_message_arrive_one_by_one():
    seen = []

    async def listen(socket):
        seen.extend([fragment async for fragment in socket.recv_streaming()])

    async with between(listen) as (socket, _):
        await socket.send(iter(["a", "b", "c"]))
        await soon(lambda: seen == ["a", "b", "c", ""])


async def test_pings_are_answered_both_ways():
    async def ping(socket):
        await (await socket.ping(b"from the server"))
        await socket.send("answered")
        await socket.wait_closed()

    async with between(ping) as (socket, _):
        await (await socket.ping(b"from the client"))
        assert await socket.recv() == "answered"


async def test_a_subprotocol_is_chosen():
    async with between(client={"subprotocols": ["x", "b", "a"]}, subprotocols=["a", "b"]) as (
        socket,
        _,
    ):
        assert socket.subprotocol in ("a", "b")


async def test_close_codes_reach_both_sides():
    told = []

    async def listen(socket):
        try:
            await socket.recv()
        except ConnectionClosedError as error:
            told.append((error.rcvd.code, error.rcvd.reason))

    async with between(listen) as (socket, _):
        await socket.close(4001, "because")
        await soon(lambda: told == [(4001, "because")])


async def test_a_message_that_is_too_big_is_refused_by_the_server_and_the_client_learns_why():
    async with between(max_size=1000) as (socket, _):
        with pytest.raises(ConnectionClosedError) as caught:
            await _send_for_ever(socket)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009


async def _send_for_ever(socket):
    while True:
        await socket.send(b"x" * MIB)
        await asyncio.sleep(0)


async def test_a_server_that_dies_is_an_abnormal_end():
    async def die(socket):
        socket.transport.abort()

    async with between(die) as (socket, _):
        with pytest.raises(ConnectionClosedError) as caught:
            await socket.recv()
        assert caught.value.rcvd is None


async def test_a_drain_is_a_clean_going_away():
    async with between() as (socket, sidecar):
        draining = asyncio.create_task(sidecar.sidecar.drain())
        with pytest.raises(ConnectionClosedOK) as caught:
            await socket.recv()
        assert caught.value.rcvd.code == 1001
        await draining


async def test_a_refusal_has_status_and_body():
    def refuse(connection, _request):
        return connection.respond(403, "not you\n")

    with pytest.raises(InvalidStatus) as caught:
        async with between(process_request=refuse):
            pass
    assert caught.value.response.status_code == 403
    assert caught.value.response.body == b"not you\n"
