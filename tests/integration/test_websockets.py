"""WebSockets through the sidecar, frame by frame: what passes, and that it passes unchanged."""

import asyncio
import os
from contextlib import AsyncExitStack

import pytest

from sidecar.config import Address, ClientTls, ServerTls
from tests.support.ports import free_port
from tests.support.raw import connected
from tests.support.websocket import echo, handshake, open_on, opened, switching, tunnelled
from tests.support.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    closing,
    frame,
)

MIB = 1024 * 1024
PLAIN = Address(host="127.0.0.1", port=0)


async def test_text_binary_and_empty_messages_come_back_as_they_were_sent():
    async with tunnelled() as (sidecar, _), opened(sidecar.proxy) as client:
        for opcode, payload in ((TEXT, "grüß dich".encode()), (BINARY, b"\0\xff\x80"), (TEXT, b"")):
            await client.send(opcode, payload)
            assert await client.receive() == Frame(opcode, payload)


@pytest.mark.parametrize("size", [125, 126, 65535, 65536, 5 * MIB, 16 * MIB])
async def test_frames_of_every_length_pass(size):
    payload = os.urandom(1024) * (size // 1024) + b"x" * (size % 1024)
    async with tunnelled() as (sidecar, _), opened(sidecar.proxy) as client:
        sending = asyncio.create_task(client.send(BINARY, payload))
        got = await client.receive()
        await sending
        assert got == Frame(BINARY, payload)


async def test_fragments_stay_fragments_and_a_ping_may_come_between_them():
    async with tunnelled() as (sidecar, _), opened(sidecar.proxy) as client:
        sent = [
            Frame(TEXT, b"a", fin=False),
            Frame(PING, b"are you there"),
            Frame(CONTINUATION, b"b", fin=False),
            Frame(CONTINUATION, b"c"),
        ]
        for each in sent:
            await client.send(each.opcode, each.payload, fin=each.fin)
        assert [await client.receive() for _ in sent] == sent


async def test_reserved_bits_and_opcodes_are_for_the_two_sides_to_judge():
    async with tunnelled() as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(TEXT, b"compressed, perhaps", rsv=4)
        await client.send(7, b"?")
        assert await client.receive() == Frame(TEXT, b"compressed, perhaps", rsv=4)
        assert await client.receive() == Frame(7, b"?")


async def test_masks_are_the_clients_own():
    seen = []

    async def listen(peer):
        seen.append(await peer.reader.readexactly(8))

    async with tunnelled(listen) as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(TEXT, b"hi", mask=b"\1\2\3\4")
        await client.end()
        assert seen == [frame(TEXT, b"hi", mask=b"\1\2\3\4")]


async def test_the_handshake_passes_byte_for_byte_but_for_the_host():
    async with tunnelled() as (sidecar, origin):
        more = (
            "Sec-WebSocket-Protocol: graphql-ws, chat",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            "Origin: http://app.test",
            "Authorization: Bearer t",
            "X-Odd_name:  v",
            "Keep-Alive: timeout=5",
            "X-Sidecar-Timeout: 5s",
        )
        async with opened(sidecar.proxy, "/api/a%2Fb?vsn=1.0.0&apikey=k%20", *more) as client:
            request = origin.peers[0]
            assert request.head.startswith(b"GET /a%2Fb?vsn=1.0.0&apikey=k%20 HTTP/1.1\r\n")
            fields = request.fields
            assert fields.pop("host") == origin.host
            assert fields.pop("sec-websocket-key")
            assert fields == {
                "connection": "Upgrade",
                "upgrade": "websocket",
                "sec-websocket-version": "13",
                "sec-websocket-protocol": "graphql-ws, chat",
                "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
                "origin": "http://app.test",
                "authorization": "Bearer t",
                "x-odd_name": "v",
            }
            assert client.head.split(b"\r\n")[0] == b"HTTP/1.1 101 Switching Protocols"


async def test_what_the_upstream_chose_passes_and_cookies_with_it():
    def answer(fields):
        return switching(
            fields,
            "Sec-WebSocket-Protocol: chat",
            "Sec-WebSocket-Extensions: permessage-deflate",
            "Set-Cookie: a=1",
            "Set-Cookie: b=2",
            "Content-Length: 0",
        )

    offers = (
        "Sec-WebSocket-Protocol: graphql-ws",
        "Sec-WebSocket-Protocol: chat",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15, x",
    )
    async with (
        tunnelled(answer=answer) as (sidecar, _),
        opened(sidecar.proxy, "/api/ws", *offers) as client,
    ):
        assert client.fields["sec-websocket-protocol"] == "chat"
        assert client.fields["sec-websocket-extensions"] == "permessage-deflate"
        assert client.fields["connection"] == "Upgrade"
        assert client.fields["upgrade"] == "websocket"
        assert client.head.count(b"Set-Cookie") == 2
        assert b"Content-Length" not in client.head


async def test_paths_ports_and_hosts_lead_to_the_upstream_as_they_do_for_calls():
    port = free_port()
    async with tunnelled(base="/base", port=port, hosts=("ws.internal",)) as (sidecar, origin):
        async with AsyncExitStack() as stack:
            for address, target, host in (
                (sidecar.proxy, "/api//ws/live?key=k", "sidecar.test"),
                (sidecar.port("api"), "//ws/live", "sidecar.test"),
                (sidecar.proxy, "/x", "ws.internal:80"),
                (sidecar.proxy, "/api", "sidecar.test"),
            ):
                peer = await stack.enter_async_context(opened(address, target, host=host))
                await peer.send(TEXT, b"x")
                assert (await peer.receive()).payload == b"x"
        targets = [peer.head.split(b" ")[1] for peer in origin.peers]
        assert targets == [b"/base//ws/live?key=k", b"/base//ws/live", b"/base/x", b"/base/"]


async def test_frames_right_behind_the_handshake_are_not_lost_on_either_side():
    async def speak_first(peer):
        await peer.send(TEXT, b"again")
        await echo(peer)

    def answer(fields):
        return switching(fields) + frame(TEXT, b"at once")

    early = frame(TEXT, b"early", mask=b"abcd")
    async with (
        tunnelled(speak_first, answer=answer) as (sidecar, _),
        connected(sidecar.proxy) as raw,
    ):
        client = await open_on(raw, handshake() + early)
        got = [(await client.receive()).payload for _ in range(3)]
        assert got == [b"at once", b"again", b"early"]


async def test_a_handshake_behind_another_request_on_its_connection_opens():
    def answer(fields):
        if "sec-websocket-key" in fields:
            return switching(fields)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async with tunnelled(answer=answer) as (sidecar, _), connected(sidecar.proxy) as raw:
        await raw.send(b"GET /api/x HTTP/1.1\r\nHost: a.test\r\n\r\n" + handshake())
        assert (await raw.response()).body == b"ok"
        client = await open_on(raw, b"")
        await client.send(TEXT, b"x")
        assert (await client.receive()).payload == b"x"


async def test_both_sides_may_be_tls(certs):
    listen = {"proxy_tls": (PLAIN,), "tls": ServerTls(str(certs.server), str(certs.server_key))}
    trust = ClientTls(ca=str(certs.ca), server_name="localhost")
    server = certs.server_context()
    payload = os.urandom(MIB)
    async with (
        tunnelled(server_tls=server, listen=listen, tls=trust) as (sidecar, _),
        opened(sidecar.proxy_tls, tls=certs.client_context()) as client,
    ):
        sending = asyncio.create_task(client.send(BINARY, payload))
        assert await client.receive() == Frame(BINARY, payload)
        await sending
        await client.close(4001, "bye")
        assert await client.receive() == Frame(CLOSE, closing(4001, "bye"))
        assert await client.end() == "eof"


async def test_the_pings_of_one_side_are_answered_by_the_other():
    async def answer_pings(peer):
        while (got := await peer.receive()).opcode == PING:
            await peer.send(PONG, got.payload)

    async with tunnelled(answer_pings) as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(PING, b"1")
        assert await client.receive() == Frame(PONG, b"1")
