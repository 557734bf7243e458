"""Handshakes of WebSockets that lead to none: refused here, or by the upstream."""

import asyncio
import base64

import pytest

from sidecar.config import Breaker, Limit, Retry
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, connected, get
from tests.support.steps import send, stall
from tests.support.websocket import handshake, key, opened, switching, tunnelled
from tests.support.websocket_frames import TEXT

KEY = f"Sec-WebSocket-Key: {key()}"
ASKS = ("Connection: Upgrade", "Upgrade: websocket")
VERSION = "Sec-WebSocket-Version: 13"


def head(*fields, method="GET", version="HTTP/1.1"):
    lines = (f"{method} /api/ws {version}", "Host: a.test", *fields)
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


INVALID = {
    "no key": head(*ASKS, VERSION),
    "empty key": head(*ASKS, VERSION, "Sec-WebSocket-Key:"),
    "short key": head(*ASKS, VERSION, "Sec-WebSocket-Key: dGVzdA=="),
    "key that is no base64": head(*ASKS, VERSION, "Sec-WebSocket-Key: " + "!" * 24),
    "long key": head(*ASKS, VERSION, "Sec-WebSocket-Key: " + base64.b64encode(b"x" * 32).decode()),
    "two keys": head(*ASKS, VERSION, KEY, KEY),
    "no Connection": head("Upgrade: websocket", VERSION, KEY),
    "Connection without Upgrade": head("Connection: close", "Upgrade: websocket", VERSION, KEY),
    "POST": head(*ASKS, VERSION, KEY, method="POST"),
    "with a body": head(*ASKS, VERSION, KEY, "Content-Length: 3") + b"abc",
    "with a chunked body": head(*ASKS, VERSION, KEY, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "HTTP/1.0": head(*ASKS, VERSION, KEY, version="HTTP/1.0"),
    "two Upgrade fields": head(*ASKS, "Upgrade: websocket", VERSION, KEY),
}


@pytest.mark.parametrize("request_bytes", INVALID.values(), ids=INVALID)
async def test_what_is_no_valid_handshake_is_refused_and_reaches_nothing(request_bytes):
    async with tunnelled() as (sidecar, origin):
        answer = await ask(sidecar.proxy, request_bytes)
        assert (answer.status, answer.error) == (400, "bad_request")
        assert not origin.peers


@pytest.mark.parametrize("version", [None, "8", "12", "14", "0", "13, 8", "x"])
async def test_another_version_is_told_which_one_is_spoken(version):
    said = () if version is None else (f"Sec-WebSocket-Version: {version}",)
    async with tunnelled() as (sidecar, origin):
        answer = await ask(sidecar.proxy, head(*ASKS, KEY, *said))
        assert (answer.status, answer.error) == (426, "upgrade_unsupported")
        assert answer.value("sec-websocket-version") == "13"
        assert answer.value("upgrade") == "websocket"
        assert b"Upgrade" in answer.values("connection")
        assert not origin.peers


async def test_where_websockets_are_off_a_handshake_is_refused():
    async with tunnelled(websocket={"enabled": False}) as (sidecar, origin):
        answer = await ask(sidecar.proxy, handshake())
        assert (answer.status, answer.error) == (501, "upgrade_unsupported")
        assert not origin.peers


async def test_an_offer_among_others_is_no_handshake_and_passes_as_a_call():
    def answer(_fields):
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async with tunnelled(answer=answer) as (sidecar, origin):
        call = head("Connection: Upgrade", "Upgrade: h2c, websocket")
        assert (await ask(sidecar.proxy, call)).body == b"ok"
        assert "upgrade" not in origin.peers[0].fields


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"403 Forbidden", b"503 Not Now"])
async def test_a_refusal_of_the_upstream_passes_with_status_fields_and_body(status):
    body = b'{"message":"no"}'

    def answer(_fields):
        return (
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nX-A: 1\r\nRetry-After: 3\r\n"
            b"WWW-Authenticate: Bearer\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)
        )

    async with tunnelled(answer=answer, retry=Retry()) as (sidecar, origin):
        answer_ = await ask(sidecar.proxy, handshake())
        assert answer_.head.split(b"\r\n")[0] == b"HTTP/1.1 " + status
        assert answer_.body == body
        assert answer_.value("x-a") == "1"
        assert answer_.value("retry-after") == "3"
        assert answer_.value("www-authenticate") == "Bearer"
        assert answer_.error is None
        assert len(origin.peers) == 1  # no handshake is repeated


async def test_a_long_chunked_refusal_passes_whole():
    def answer(_fields):
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        return b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n"

    async with tunnelled(answer=answer) as (sidecar, _):
        got = await ask(sidecar.proxy, handshake())
        assert (got.status, len(got.body), got.end) == (502, 20 * 65536, "framed")


async def test_a_200_instead_of_a_101_passes_as_the_answer_that_it_is():
    def answer(_fields):
        return b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    async with tunnelled(answer=answer) as (sidecar, _):
        got = await ask(sidecar.proxy, handshake())
        assert (got.status, got.body) == (200, b"hello")


BAD_ANSWERS = {
    "another accept": lambda fields: switching({**fields, "sec-websocket-key": key()}),
    "two accepts": lambda fields: switching(fields, "Sec-WebSocket-Accept: x"),
    "subprotocol not offered": lambda fields: switching(fields, "Sec-WebSocket-Protocol: admin"),
    "subprotocol in another case": lambda fields: switching(fields, "Sec-WebSocket-Protocol: Chat"),
    "two subprotocols": lambda fields: switching(fields, "Sec-WebSocket-Protocol: chat, x"),
    "extension not offered": lambda fields: switching(fields, "Sec-WebSocket-Extensions: bbf"),
    "no Upgrade": lambda fields: switching(fields).replace(b"Upgrade: websocket\r\n", b""),
    "another protocol": lambda fields: switching(fields).replace(b"websocket\r\n", b"h2c\r\n"),
    "no Connection": lambda fields: switching(fields).replace(b"Connection: Upgrade\r\n", b""),
    "HTTP/1.0": lambda fields: switching(fields).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a length": lambda fields: switching(fields, "Content-Length: 5") + b"hello",
    "a coding": lambda fields: switching(fields, "Transfer-Encoding: chunked"),
    "no HTTP": lambda _fields: b"hello\r\n\r\n",
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_a_101_that_no_client_may_accept_is_a_bad_gateway(answer):
    offer = ("Sec-WebSocket-Protocol: chat, x", "Sec-WebSocket-Extensions: permessage-deflate")
    async with tunnelled(answer=answer) as (sidecar, _):
        got = await ask(sidecar.proxy, handshake("/api/ws", *offer))
        assert (got.status, got.error) == (502, "bad_response")
        pool = sidecar.sidecar._parts.transports["api"].pool
        assert (pool.stats.open, pool.stats.idle) == (0, 0)


async def test_an_interim_response_before_the_101_is_no_answer():
    def answer(fields):
        return b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + switching(fields)

    async with tunnelled(answer=answer) as (sidecar, _), opened(sidecar.proxy) as client:
        await client.send(TEXT, b"x")
        assert (await client.receive()).payload == b"x"


async def test_the_timers_of_a_call_end_with_the_handshake():
    async def late(peer):
        await asyncio.sleep(0.5)
        await peer.send(TEXT, b"late")

    timeouts = {"first_byte": 0.2, "total": 0.3, "idle": 0.1}
    async with (
        tunnelled(late, timeouts=timeouts) as (sidecar, _),
        opened(sidecar.proxy) as client,
    ):
        assert (await client.receive()).payload == b"late"


@pytest.mark.parametrize(
    ("timeouts", "steps", "code"),
    [
        ({"first_byte": 0.1}, (stall,), "first_byte_timeout"),
        ({"first_byte": 0.1}, (send(b"HTTP/1.1 101 S\r\nUpg"), stall), "header_timeout"),
        ({"total": 0.1}, (stall,), "total_timeout"),
    ],
)
async def test_the_timers_of_a_call_hold_for_the_handshake(timeouts, steps, code):
    async with proxied(steps, timeouts=timeouts) as (sidecar, origin):
        got = await ask(sidecar.proxy, handshake())
        assert (got.status, got.error) == (504, code)
        await soon(lambda: not origin.open_connections)


async def test_an_upstream_that_breaks_handshakes_opens_the_breaker_and_is_then_spared():
    breaker = Breaker(consecutive=2, hold=0.0)
    async with tunnelled(answer=lambda _: b"", breaker=breaker) as (sidecar, origin):
        codes = [(await ask(sidecar.proxy, handshake())).error for _ in range(3)]
        assert codes == ["upstream_reset", "upstream_reset", "breaker_open"]
        assert len(origin.peers) == 2


async def test_what_becomes_of_a_websocket_is_nothing_to_the_breaker():
    async def drop(peer):
        peer.reset()

    async with tunnelled(drop, breaker=Breaker(consecutive=1, hold=0.0)) as (sidecar, _):
        for _ in range(3):
            async with opened(sidecar.proxy) as client:
                assert await client.end() == "reset"


async def test_an_upstream_that_is_not_there_is_a_connect_error():
    async with tunnelled() as (sidecar, origin):
        await origin.stop()
        got = await ask(sidecar.proxy, handshake())
        assert (got.status, got.error) == (503, "connect_error")


async def test_no_more_than_so_many_may_be_open():
    async with tunnelled(websocket={"max_open": 1}) as (sidecar, _):
        async with opened(sidecar.proxy) as client:
            got = await ask(sidecar.proxy, handshake())
            assert (got.status, got.error) == (503, "limit_full")
            await client.close(1000)
            await client.end()
        await soon(lambda: sidecar.sidecar._listener.inflight == 0)
        async with opened(sidecar.proxy):
            pass


async def test_an_open_websocket_holds_no_place_of_calls_and_no_connection_of_the_pool():
    settings = {"limit": Limit(inflight=1, max_wait=0.0), "pool": {"max_connections": 1}}

    def answer(fields):
        if "sec-websocket-key" in fields:
            return switching(fields)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async with (
        tunnelled(answer=answer, **settings) as (sidecar, _),
        opened(sidecar.proxy),
        opened(sidecar.proxy) as client,
    ):
        assert (await ask(sidecar.proxy, get())).body == b"ok"
        await client.send(TEXT, b"x")
        assert (await client.receive()).payload == b"x"


async def test_a_client_that_leaves_during_the_handshake_takes_the_upstream_along():
    async with proxied((stall,)) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(handshake())
            await soon(lambda: len(origin.requests) == 1)
        await soon(lambda: not origin.open_connections)
