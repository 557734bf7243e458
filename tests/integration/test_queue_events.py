"""The changes of deliveries over a WebSocket, from a real sidecar."""

import asyncio
import json

import pytest

from tests.support import steps
from tests.support.proxied import soon
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.upstream import Upstream
from tests.support.websocket import handshake, open_on, opened
from tests.support.websocket_frames import CLOSE, PING, PONG, TEXT

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
limits: {{read_idle: 500ms}}
admin: {{hosts: [sidecar.example.com]}}
upstreams:
  api:
    url: {url}
    routes: [{{name: send, match: {{methods: [POST]}}, queue: {{mode: always}}}}]
stores: {{spool: {{kind: sqlite, path: "{folder}/spool.db"}}}}
"""
EVENTS = "/_sidecar/events"


@pytest.fixture
async def running(tmp_path):
    async with (
        Upstream(steps.OK) as origin,
        running_sidecar(CONFIG.format(url=origin.url, folder=tmp_path)) as found,
    ):
        yield found


async def send(running, body=b"{}"):
    answer = await ask(running.proxy, call("POST", "/api/x", content=body))
    assert answer.status == 202, answer
    return answer.value("x-sidecar-delivery")


async def changes(peer, count):
    found = []
    while len(found) < count:
        frame = await peer.receive()
        assert frame.opcode == TEXT, frame
        found.append(json.loads(frame.payload))
    return found


async def test_each_change_is_a_message_with_its_cursor(running):
    async with opened(running.proxy, EVENTS) as peer:
        name = await send(running)
        found = await changes(peer, 3)
    assert [each["data"]["state"] for each in found] == ["queued", "sending", "delivered"]
    assert {each["data"]["id"] for each in found} == {name}
    assert {each["event"] for each in found} == {"delivery"}
    cursors = [each["cursor"] for each in found]
    assert cursors == list(range(cursors[0], cursors[0] + 3))


async def test_what_was_missed_is_replayed_from_any_cursor(running):
    name = await send(running)
    async with opened(running.proxy, f"{EVENTS}?after=0") as peer:
        found = await changes(peer, 3)
    async with opened(running.proxy, f"{EVENTS}?after={found[0]['cursor']}") as peer:
        assert await changes(peer, 2) == found[1:]
    assert found[2]["data"]["id"] == name


async def test_a_cursor_of_another_spool_is_told_as_a_gap(running):
    async with opened(running.proxy, f"{EVENTS}?after=999999") as peer:
        (gap,) = await changes(peer, 1)
        assert gap["event"] == "gap"
        await send(running)
        (first,) = await changes(peer, 1)
        assert first["cursor"] == gap["cursor"] + 1


async def test_a_ping_is_answered_and_what_is_said_is_thrown_away(running):
    async with opened(running.proxy, EVENTS) as peer:
        await peer.send(TEXT, b"hello")
        await peer.send(PING, b"are you there")
        assert (await peer.receive())[:2] == (PONG, b"are you there")


async def test_a_client_that_says_goodbye_is_answered(running):
    async with opened(running.proxy, EVENTS) as peer:
        await peer.close(1000)
        assert (await peer.receive()).opcode == CLOSE
        assert await peer.end() == "eof"
    await soon(lambda: not running.sidecar._busy)


async def test_a_client_that_says_too_much_is_left(running):
    async with opened(running.proxy, EVENTS) as peer:
        await peer.send(TEXT, b"x" * 100_000)
        assert (await peer.receive()).code == 1009


async def test_it_ends_with_the_sidecar(running):
    async with opened(running.proxy, EVENTS) as peer:
        began = asyncio.get_running_loop().time()
        draining = asyncio.ensure_future(running.sidecar.drain())
        frame = await peer.receive()
        assert (frame.opcode, frame.code) == (CLOSE, 1001)
        await peer.close(1001)
        assert await peer.end() == "eof"
        await draining
        assert asyncio.get_running_loop().time() - began < 2.0


async def test_a_client_that_is_gone_is_forgotten(running):
    async with opened(running.proxy, EVENTS) as peer:
        peer.reset()
    await soon(lambda: not running.sidecar._busy)


async def test_head_fields_are_those_of_a_websocket_and_nothing_more(running):
    async with opened(running.proxy, EVENTS) as peer:
        assert "aiohttp" not in peer.head.decode().lower()
        assert peer.fields["upgrade"] == "websocket"


@pytest.mark.parametrize("target", ["/_sidecar/deliveries", "/_sidecar/deliveries/x"])
async def test_no_other_page_is_a_websocket(running, target):
    answer = await ask(running.proxy, handshake(target))
    assert (answer.status, answer.error) == (501, "upgrade_unsupported")


async def test_another_version_of_the_protocol_is_told_which_one_is_spoken(running):
    wrong = handshake(EVENTS).replace(b"Version: 13", b"Version: 8")
    answer = await ask(running.proxy, wrong)
    assert (answer.status, answer.value("sec-websocket-version")) == (426, "13")


FOREIGN = [
    ("localhost", "Origin: https://evil.example"),
    ("localhost:8080", "Origin: http://localhost:3000"),
    ("127.0.0.1", "Origin: null"),
    ("127.0.0.1", "Sec-Fetch-Site: cross-site"),
    ("evil.example", "X: y"),
    ("127.0.0.1.evil.example:80", "X: y"),
]


@pytest.mark.parametrize(("host", "field"), FOREIGN)
async def test_no_page_of_another_site_sees_anything(running, host, field):
    socket = await ask(running.proxy, handshake(EVENTS, field, host=host))
    page = await ask(running.proxy, get("/_sidecar/deliveries", field, host=host))
    settle = call("POST", "/_sidecar/deliveries/settle", field, content=b"{}", host=host)
    settled = await ask(running.proxy, settle)
    assert [each.status for each in (socket, page, settled)] == [403, 403, 403]


OWN = ["localhost", "127.0.0.1:8080", "[::1]:8080", "sidecar", "sidecar.default.svc", "a.internal"]


@pytest.mark.parametrize("host", [*OWN, "Sidecar.Example.com:80"])
async def test_the_application_is_let_in_by_each_name_that_is_its_own(running, host):
    origin = f"Origin: http://{host}"
    page = await ask(running.proxy, get("/_sidecar/deliveries", origin, host=host))
    assert page.status == 200


async def test_two_read_the_same(running):
    async with connected(running.proxy) as one, connected(running.proxy) as two:
        peers = [await open_on(client, handshake(EVENTS)) for client in (one, two)]
        await send(running)
        first, second = [await changes(peer, 3) for peer in peers]
        assert first == second


async def test_no_protocol_that_a_client_names_is_in_the_log(running, caplog):
    token = "Sec-WebSocket-Protocol: bearer.s3cret-token"
    async with opened(running.proxy, EVENTS, token) as peer:
        assert "sec-websocket-protocol" not in peer.fields
    assert "s3cret" not in caplog.text
