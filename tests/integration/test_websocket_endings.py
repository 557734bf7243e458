"""How WebSockets through the sidecar end: by either side, in order or not, and by the sidecar."""

import asyncio

import pytest

from sidecar.config import Address, ClientTls, ServerTls
from tests.support.proxied import elapsed_since, soon
from tests.support.websocket import opened, tunnelled
from tests.support.websocket_ends import Listening, over, stats_of
from tests.support.websocket_frames import BINARY, CLOSE, TEXT, Frame, closing, frame

PLAIN = Address(host="127.0.0.1", port=0)


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, ""), (1001, "bye"), (4001, "because"), (1011, "ü" * 60)]
)
async def test_the_clients_close_reaches_the_upstream_and_its_answer_the_client(code, reason):
    async with tunnelled() as (sidecar, _), opened(sidecar.proxy) as client:
        await client.close(code, reason)
        assert await client.receive() == Frame(CLOSE, closing(code, reason))
        assert await client.end() == "eof"
        await over(sidecar)
        assert stats_of(sidecar).ended == {"closed": 1}


async def test_a_close_without_a_code_stays_without_one():
    async with tunnelled() as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(CLOSE)
        assert await client.receive() == Frame(CLOSE, b"")


async def test_the_upstreams_close_reaches_the_client_with_code_and_reason():
    answers = []

    async def leave(peer):
        await peer.close(4444, "leaving")
        answers.append(await peer.receive())

    async with tunnelled(leave) as (sidecar, _), opened(sidecar.proxy) as client:
        got = await client.receive()
        assert (got.code, got.reason) == (4444, "leaving")
        await client.close(got.code, got.reason)
        assert await client.end() == "eof"
        assert [(each.code, each.reason) for each in answers] == [(4444, "leaving")]


@pytest.mark.parametrize("way", ["eof", "reset"])
async def test_an_upstream_that_drops_without_a_close_frame_is_seen_to(way):
    async def drop(peer):
        await peer.receive()
        await peer.send(TEXT, b"the last")
        await asyncio.sleep(0.05)
        if way == "reset":
            peer.reset()

    async with tunnelled(drop) as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(TEXT, b"go")
        assert (await client.receive()).payload == b"the last"
        began = asyncio.get_running_loop().time()
        assert await client.end() == way
        assert elapsed_since(began) < 2
        client.leave()
        await over(sidecar)
        assert stats_of(sidecar).ended == {"upstream_left": 1}


@pytest.mark.parametrize("way", ["eof", "reset"])
async def test_a_client_that_leaves_without_a_close_frame_takes_the_upstream_along(way):
    play = Listening()
    async with tunnelled(play) as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(TEXT, b"hi")
        await soon(lambda: bool(play.heard))
        began = asyncio.get_running_loop().time()
        client.leave() if way == "eof" else client.reset()
        assert await play.ended == way
        assert elapsed_since(began) < 2
        await over(sidecar)
        assert stats_of(sidecar).ended == {"client_left": 1}
        assert [each.opcode for each in play.heard] == [TEXT]  # no close frame was invented


@pytest.mark.parametrize("way", ["client", "upstream"])
async def test_with_tls_on_both_sides_an_end_without_a_close_frame_stays_one(certs, way):
    play = Listening()

    async def drop(peer):
        if way == "upstream":
            await peer.receive()
            peer.writer.transport.abort()
        else:
            await play(peer)

    listen = {"proxy_tls": (PLAIN,), "tls": ServerTls(str(certs.server), str(certs.server_key))}
    trust = ClientTls(ca=str(certs.ca), server_name="localhost")
    server = certs.server_context()
    async with (
        tunnelled(drop, server_tls=server, listen=listen, tls=trust) as (sidecar, _),
        opened(sidecar.proxy_tls, tls=certs.client_context()) as client,
    ):
        await client.send(TEXT, b"hi")
        if way == "upstream":
            assert await client.end() in ("eof", "reset")
        else:
            await soon(lambda: bool(play.heard))
            client.writer.transport.abort()
            assert await play.ended in ("eof", "reset")
        await over(sidecar)
        expected = "upstream_left" if way == "upstream" else "client_left"
        assert stats_of(sidecar).ended == {expected: 1}


async def test_a_close_frame_reaches_a_client_that_is_still_sending():
    """The upstream refuses a message in its middle, and closes its own side at once."""

    async def refuse(peer):
        await peer.reader.readexactly(1000)
        await peer.close(1009, "too big")
        peer.writer.write_eof()
        await peer.end()

    async with tunnelled(refuse) as (sidecar, _), opened(sidecar.proxy) as client:
        sending = asyncio.create_task(client.send(BINARY, bytes(8 * 1024 * 1024)))
        got = await client.receive()
        assert (got.code, got.reason) == (1009, "too big")
        sending.cancel()


async def test_a_client_whose_frames_are_not_masked_is_told_so_and_the_upstream_is_left():
    play = Listening()
    async with tunnelled(play) as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(TEXT, b"masked")
        await soon(lambda: bool(play.heard))
        both = frame(TEXT, b"masked too", mask=b"abcd") + frame(TEXT, b"not masked")
        client.writer.write(both)
        got = await client.receive()
        assert (got.opcode, got.code) == (CLOSE, 1002)
        assert await play.ended == "reset"
        assert b"not masked" not in [each.payload for each in play.heard]
        await client.close(1002)
        assert await client.end() == "eof"
        await over(sidecar)
        assert stats_of(sidecar).ended == {"unmasked": 1}


async def test_one_that_is_idle_is_closed_on_both_sides():
    play = Listening()
    settings = {"idle": 0.2}
    async with tunnelled(play, websocket=settings) as (sidecar, _), opened(sidecar.proxy) as client:
        for _ in range(4):
            await client.send(TEXT, b"x")
            await asyncio.sleep(0.1)
        got = await client.receive()
        assert (got.opcode, got.code) == (CLOSE, 1001)
        assert await play.ended == "close"
        assert (play.heard[-1].code, play.heard[-1].masked) == (1001, True)
        assert len(play.heard) == 5
        await client.close(1001)
        assert await client.end() == "eof"
        await over(sidecar)
        assert stats_of(sidecar).ended == {"idle": 1}


async def test_a_websocket_is_one_exchange_and_figures_of_its_own():
    async with tunnelled() as (sidecar, _):
        async with opened(sidecar.proxy) as client:
            assert 'sidecar_websocket_open{route="default",upstream="api"} 1.0' in text_of(sidecar)
            await client.send(TEXT, b"x" * 100)
            await client.receive()
            await client.close(1000)
            await client.receive()
            await client.end()
        await over(sidecar)
        text = text_of(sidecar)
    up, down = 6 + 100 + 6 + 2, 2 + 100 + 2 + 2
    for line in (
        'sidecar_websocket_open{route="default",upstream="api"} 0.0',
        'sidecar_websocket_opened_total{route="default",upstream="api"} 1.0',
        'sidecar_websocket_ended_total{reason="closed",route="default",upstream="api"} 1.0',
        'sidecar_websocket_seconds_total{route="default",upstream="api"} 0.',
        'sidecar_websocket_messages_total{direction="up",route="default",upstream="api"} 1.0',
        'sidecar_websocket_messages_total{direction="down",route="default",upstream="api"} 1.0',
        f'sidecar_websocket_bytes_total{{direction="up",route="default",upstream="api"}} {up}.0',
        f'sidecar_websocket_bytes_total{{direction="down",route="default",upstream="api"}} {down}',
        'sidecar_exchanges_total{code="101",method="GET",route="default",upstream="api"} 1.0',
        f'sidecar_bytes_total{{direction="up",upstream="api"}} {up}.0',
    ):
        assert line in text, line


def text_of(sidecar):
    return sidecar.sidecar.metrics.render()[0].decode()
