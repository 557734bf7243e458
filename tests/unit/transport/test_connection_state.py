import asyncio
import socket

import pytest

from sidecar.core.allowance import Allowance
from sidecar.errors import AttemptTimeout, BadResponse, TruncatedBody, UpstreamReset
from sidecar.exchange import Timeline
from sidecar.transport.connection import Connection
from tests.support.clock import FakeClock
from tests.support.connections import FakeTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NEVER = Allowance(600.0, "idle_timeout")
FIRST_BYTE = Allowance(0.0, "first_byte_timeout")


class World:
    """A connection on a fake transport and a real, unused pair of sockets."""

    def __init__(self):
        self.near, self.far = socket.socketpair()
        self.clock = FakeClock()
        self.transport = FakeTransport()
        self.subject = Connection(asyncio.get_running_loop(), self.near, self.clock)
        self.subject.connection_made(self.transport)

    def start(self, method="GET"):
        self.timeline = Timeline(self.clock.now())
        self.subject.start(method, 1, self.timeline)
        self.subject.write(b"request")


@pytest.fixture
async def world():
    world = World()
    yield world
    world.subject.disarm()
    world.near.close()
    world.far.close()


async def test_a_finished_exchange_leaves_a_connection_for_the_next(world):
    for uses in (1, 2):
        world.start()
        world.subject.data_received(OK)
        assert (await world.subject.read_head()).status == 200
        assert await world.subject.read(NEVER) == b"ok"
        assert await world.subject.read(NEVER) == b""
        world.clock.advance(1.0)
        assert world.subject.finish()
        assert (world.subject.uses, world.subject.idle_since) == (uses, world.clock.now())
    assert not world.transport.closing
    assert world.transport.written == b"requestrequest"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        OK[:-1],
        OK + b"x",
        OK + OK,
        b"HTTP/1.1 200 OK\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    ],
)
async def test_a_connection_in_any_doubt_is_ended(world, data):
    world.start()
    if data:
        world.subject.data_received(data)
    assert not world.subject.finish()
    assert world.transport.closing


async def test_a_connection_whose_request_is_still_being_written_is_ended(world):
    world.start()
    world.subject.pause_writing()
    world.subject.data_received(OK)
    assert not world.subject.finish()
    assert world.transport.closing


async def test_a_byte_that_nobody_asked_for_ends_an_idle_connection(world):
    world.start()
    world.subject.data_received(OK)
    world.subject.finish()
    assert not world.subject.spoiled
    world.subject.data_received(b"H")
    assert world.subject.spoiled


@pytest.mark.parametrize("ends", [False, True])
async def test_what_waits_unseen_in_the_socket_spoils_a_connection(world, ends):
    assert not world.subject.spoiled
    if ends:
        world.far.close()
    else:
        world.far.send(b"x")
    assert world.subject.spoiled


async def test_the_end_of_an_idle_connection_is_told_once_and_that_of_a_busy_one_is_not(world):
    told = []
    world.subject.lost = told.append
    world.start()
    world.subject.data_received(OK)
    world.subject.finish()
    world.subject.connection_lost(None)
    assert told == [world.subject]

    other = World()
    other.subject.lost = told.append
    other.start()
    other.subject.connection_lost(None)
    assert told == [world.subject]
    other.near.close()
    other.far.close()


@pytest.mark.parametrize(
    ("uses", "data", "kind", "code"),
    [
        (1, b"", UpstreamReset, "upstream_reset"),
        (2, b"", UpstreamReset, "stale_connection"),
        (2, b"HTTP/1.1", UpstreamReset, "upstream_reset"),
        (1, b"garbage", BadResponse, "bad_response"),
    ],
)
async def test_an_end_before_the_head_is_told_by_what_came_before_it(world, uses, data, kind, code):
    for _ in range(uses - 1):
        world.start()
        world.subject.data_received(OK)
        world.subject.finish()
    world.start()
    waiting = asyncio.ensure_future(world.subject.read_head())
    await asyncio.sleep(0)
    if data:
        world.subject.data_received(data)
    world.subject.connection_lost(ConnectionResetError())
    with pytest.raises(kind) as caught:
        await waiting
    assert caught.value.code == code


async def test_what_arrived_before_a_break_is_given_out_before_the_error(world):
    world.start()
    world.subject.data_received(OK[:-1])
    world.subject.connection_lost(None)
    assert await world.subject.read(NEVER) == b"o"
    with pytest.raises(TruncatedBody):
        await world.subject.read(NEVER)


@pytest.mark.parametrize(("clean", "complete"), [(True, True), (False, False)])
async def test_a_body_until_close_is_complete_only_after_a_clean_end(world, clean, complete):
    world.start()
    world.subject.data_received(b"HTTP/1.1 200 OK\r\n\r\nabc")
    if clean:
        assert not world.subject.eof_received()
    world.subject.connection_lost(None if clean else ConnectionResetError())
    assert await world.subject.read(NEVER) == b"abc"
    if complete:
        assert await world.subject.read(NEVER) == b""
    else:
        with pytest.raises(TruncatedBody):
            await world.subject.read(NEVER)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "first_byte_timeout"), (b"HTTP/1.1 200", "header_timeout")]
)
async def test_a_head_that_does_not_come_is_told_apart_from_one_that_does_not_end(
    world, data, code
):
    world.start()
    if data:
        world.subject.data_received(data)
    world.subject.arm(FIRST_BYTE, "while waiting for the response")
    with pytest.raises(AttemptTimeout) as caught:
        await world.subject.read_head()
    assert caught.value.code == code
    assert world.transport.closing


async def test_a_stalled_body_is_an_idle_timeout(world):
    world.start()
    world.subject.data_received(OK[:-1])
    allowance = Allowance(0.0, "idle_timeout")
    assert await world.subject.read(allowance) == b"o"
    with pytest.raises(AttemptTimeout) as caught:
        await world.subject.read(allowance)
    assert caught.value.code == "idle_timeout"


async def test_an_unread_body_holds_the_upstream_back_until_it_is_read(world):
    world.start()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    world.subject.data_received(head + b"x" * 200_000)
    assert world.transport.reading
    world.subject.data_received(b"x" * 100_000)
    assert not world.transport.reading
    assert len(await world.subject.read(NEVER)) == 300_000
    assert world.transport.reading
    assert world.timeline.bytes_down == 300_000


async def test_an_upload_waits_for_the_upstream_and_goes_on_when_it_reads(world):
    world.start("POST")
    await world.subject.drain(NEVER)
    world.subject.pause_writing()
    world.transport.unsent = 100
    draining = asyncio.ensure_future(world.subject.drain(NEVER))
    await asyncio.sleep(0)
    assert not draining.done()
    world.subject.resume_writing()
    await draining


async def test_an_upload_that_the_upstream_does_not_read_is_a_send_timeout(world):
    world.start("POST")
    world.subject.pause_writing()
    world.transport.unsent = 100
    with pytest.raises(AttemptTimeout) as caught:
        await world.subject.drain(Allowance(0.0, "send_timeout"))
    assert caught.value.code == "send_timeout"
    assert world.transport.closing


async def test_writing_to_a_connection_that_ended_tells_why(world):
    world.start("POST")
    world.subject.connection_lost(None)
    with pytest.raises(UpstreamReset):
        world.subject.write(b"more")


async def test_the_first_byte_of_an_answer_is_written_down_once(world):
    world.start()
    world.clock.advance(1.0)
    world.subject.data_received(OK[:5])
    world.clock.advance(1.0)
    world.subject.data_received(OK[5:])
    assert world.timeline.first_byte_at == 1001.0


async def test_it_shows_its_state(world):
    assert repr(world.subject) == "<Connection idle, 0 uses>"
    world.start()
    assert repr(world.subject) == "<Connection busy, 1 uses>"
    world.subject.abort()
    assert repr(world.subject) == "<Connection closed, 1 uses>"
