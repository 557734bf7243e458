"""What a drain does to WebSockets: both sides are told, and it ends in time."""

import asyncio

from tests.support.proxied import elapsed_since, proxied, soon
from tests.support.raw import ask
from tests.support.steps import stall
from tests.support.websocket import handshake, opened, switching, tunnelled
from tests.support.websocket_ends import Listening, stats_of
from tests.support.websocket_frames import BINARY, CLOSE, TEXT, Frame, frame


async def test_a_drain_says_going_away_to_both_sides_and_ends_early():
    play = Listening()
    async with tunnelled(play) as (sidecar, _), opened(sidecar.proxy) as client:
        began = asyncio.get_running_loop().time()
        draining = asyncio.create_task(sidecar.sidecar.drain())
        got = await client.receive()
        assert (got.opcode, got.code) == (CLOSE, 1001)
        assert await play.ended == "close"
        assert play.heard[-1].code == 1001
        refused = await ask(sidecar.proxy, handshake())
        assert (refused.status, refused.error) == (503, "draining")
        await client.close(1001)
        assert await client.end() == "eof"
        await draining
        assert elapsed_since(began) < 3
        assert stats_of(sidecar).ended == {"draining": 1}


async def test_a_drain_waits_for_the_end_of_a_frame():
    """A close frame within another frame would be a part of that."""

    async def halves(peer):
        whole = frame(BINARY, b"d" * 50_000)
        peer.writer.write(whole[:30_000])
        await asyncio.sleep(0.3)
        peer.writer.write(whole[30_000:] + frame(TEXT, b"one more"))
        await play(peer)

    play = Listening()
    async with tunnelled(halves) as (sidecar, _), opened(sidecar.proxy) as client:
        whole = frame(BINARY, b"u" * 50_000, mask=b"abcd")
        client.writer.write(whole[:20_000])
        await asyncio.sleep(0.1)
        draining = asyncio.create_task(sidecar.sidecar.drain())
        await asyncio.sleep(0.05)
        client.writer.write(whole[20_000:] + frame(TEXT, b"one more", mask=b"abcd"))
        assert await client.receive() == Frame(BINARY, b"d" * 50_000)
        assert (await client.receive()).code == 1001
        await client.close(1001)
        assert await play.ended == "close"
        assert [(each.opcode, len(each.payload)) for each in play.heard[:1]] == [(BINARY, 50_000)]
        assert play.heard[1].code == 1001
        await draining


async def test_a_drain_ends_in_time_where_nobody_answers():
    async def deaf(peer):
        await asyncio.Event().wait()

    async with tunnelled(deaf, drain_timeout=0.3) as (sidecar, _), opened(sidecar.proxy) as client:
        began = asyncio.get_running_loop().time()
        await sidecar.sidecar.drain()
        assert elapsed_since(began) < 2
        assert (await client.receive()).code == 1001
        assert stats_of(sidecar).ended == {"draining": 1}


async def test_a_drain_reaches_one_whose_handshake_is_under_way():
    may_answer = asyncio.Event()

    async def late(connection, request):
        await may_answer.wait()
        fields = {name.decode().lower(): value.decode() for name, value in request.headers}
        await connection.send(switching(fields))

    async with proxied((late, stall)) as (sidecar, origin):
        opening = asyncio.create_task(_first_frame(sidecar.proxy))
        await soon(lambda: len(origin.requests) == 1)
        draining = asyncio.create_task(sidecar.sidecar.drain())
        await asyncio.sleep(0)
        may_answer.set()
        assert (await opening).code == 1001
        await draining


async def _first_frame(address):
    async with opened(address) as client:
        return await client.receive()
