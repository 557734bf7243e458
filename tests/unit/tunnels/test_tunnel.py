"""A tunnel between two connections that are not on any network."""

import asyncio

import pytest

from sidecar.config.websocket import Websocket
from sidecar.switched import Line
from sidecar.telemetry.tunnel_stats import TunnelStats
from sidecar.tunnels.tunnel import Tunnel
from tests.support.clock import FakeClock
from tests.support.connections import FakeTransport
from tests.support.websocket_frames import BINARY, CLOSE, TEXT, closing, frame

MASK = b"abcd"
HEAD = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class Transport(FakeTransport):
    """One that knows its protocol; `tls` can end both directions only."""

    def __init__(self, *, tls=False):
        super().__init__()
        self.tls = tls
        self.shut = self.aborted = False
        self.protocol = None
        self.room = float("inf")
        """Bytes after which it is full."""

    def write(self, data):
        super().write(data)
        self.room -= len(data)
        if self.room < 0:
            self.protocol.pause_writing()

    def set_protocol(self, protocol):
        self.protocol = protocol

    def can_write_eof(self):
        return not self.tls

    def write_eof(self):
        self.shut = True

    def abort(self):
        self.aborted = self.closing = True

    def taken(self):
        """What was written since the last time."""
        written, self.written = self.written, b""
        return written


class Open:
    """A tunnel that runs, and its two ends."""

    def __init__(self, *, client_tls=False, upstream_tls=False, early=b"", first=b""):
        self.client, self.upstream = Transport(tls=client_tls), Transport(tls=upstream_tls)
        self.stats = TunnelStats()
        self.tunnel = Tunnel(
            Line(self.client, early),
            Line(self.upstream, first),
            Websocket(),
            self.stats,
            FakeClock(),
        )
        self.running = asyncio.ensure_future(self.tunnel.run(HEAD))

    async def __aenter__(self):
        await asyncio.sleep(0)
        assert self.client.taken() == HEAD
        return self

    async def __aexit__(self, *_):
        for each in (self.client, self.upstream):
            each.protocol.connection_lost(None)
        await self.running
        assert self.stats.open == 0

    @property
    def ending(self):
        (ending,) = self.stats.ended
        return ending


def masked(opcode, payload=b""):
    return frame(opcode, payload, mask=MASK)


async def test_bytes_pass_as_they_come_even_parts_of_frames():
    async with Open(early=masked(TEXT, b"early")) as tunnel:
        assert tunnel.upstream.taken() == masked(TEXT, b"early")
        data = masked(TEXT, b"hello")
        for start in range(len(data)):
            tunnel.client.protocol.data_received(data[start : start + 1])
            assert tunnel.upstream.taken() == data[start : start + 1]
        tunnel.upstream.protocol.data_received(b"\x81")
        assert tunnel.client.taken() == b"\x81"
        assert tunnel.stats.up.messages == 2


async def test_a_side_that_is_full_holds_the_other_until_it_has_caught_up():
    async with Open() as tunnel:
        assert tunnel.client.reading
        tunnel.upstream.protocol.pause_writing()
        assert not tunnel.client.reading
        assert tunnel.upstream.reading
        tunnel.upstream.protocol.resume_writing()
        assert tunnel.client.reading


async def test_a_side_that_is_full_from_the_start_holds_the_other_as_well():
    tunnel = Open(first=frame(BINARY, b"x" * 200))
    tunnel.client.room, tunnel.upstream.reading = len(HEAD) + 100, False
    await asyncio.sleep(0)
    assert not tunnel.upstream.reading
    tunnel.client.protocol.resume_writing()
    assert tunnel.upstream.reading
    tunnel.running.cancel()


async def test_a_side_that_was_held_is_heard_again_when_the_other_is_gone():
    """Nothing else would show that it leaves as well."""
    async with Open() as tunnel:
        tunnel.upstream.protocol.pause_writing()
        assert not tunnel.client.reading
        tunnel.upstream.protocol.connection_lost(None)
        assert tunnel.client.reading


@pytest.mark.parametrize("tls", [True, False])
async def test_what_is_left_of_a_close_is_waited_for_when_the_other_side_has_ended(tls):
    """The upstream refuses a message and closes; the client is still to say that it heard."""
    async with Open(client_tls=tls, upstream_tls=True) as tunnel:
        tunnel.upstream.protocol.data_received(frame(CLOSE, closing(1009)))
        tunnel.upstream.protocol.eof_received()
        assert tunnel.client.taken() == frame(CLOSE, closing(1009))
        assert not tunnel.client.closing
        assert tunnel.client.shut == (not tls)
        tunnel.client.protocol.data_received(masked(CLOSE, closing(1009)))
        assert tunnel.client.closing
        assert not tunnel.client.aborted
    assert tunnel.ending == "closed"
    assert tunnel.tunnel.error is None


@pytest.mark.parametrize("tls", [True, False])
async def test_an_end_without_a_close_frame_is_passed_on_at_once(tls):
    async with Open(client_tls=tls) as tunnel:
        tunnel.upstream.protocol.eof_received()
        assert tunnel.client.shut == (not tls)
        assert tunnel.client.closing == tls
        assert tunnel.client.taken() == b""
    assert tunnel.ending == "upstream_left"
    assert tunnel.tunnel.error.code == "upstream_reset"


async def test_a_side_that_breaks_off_breaks_off_the_other():
    async with Open() as tunnel:
        tunnel.client.protocol.connection_lost(ConnectionResetError())
        assert tunnel.upstream.aborted
    assert tunnel.ending == "client_left"
    assert tunnel.tunnel.error.code == "client_closed"


async def test_a_reset_after_both_close_frames_breaks_nothing_off():
    async with Open() as tunnel:
        tunnel.client.protocol.data_received(masked(CLOSE))
        tunnel.upstream.protocol.data_received(frame(CLOSE))
        tunnel.client.protocol.connection_lost(ConnectionResetError())
        assert tunnel.upstream.closing
        assert not tunnel.upstream.aborted
    assert tunnel.ending == "closed"


async def test_a_drain_within_frames_waits_for_their_ends_and_lets_nothing_more_through():
    async with Open() as tunnel:
        up, down = masked(BINARY, b"u" * 300), frame(BINARY, b"d" * 300)
        tunnel.client.protocol.data_received(up[:100])
        tunnel.upstream.protocol.data_received(down[:1])
        tunnel.tunnel.drain()
        assert tunnel.upstream.taken() == up[:100]
        assert tunnel.client.taken() == down[:1]
        tunnel.client.protocol.data_received(up[100:200])
        tunnel.client.protocol.data_received(up[200:] + masked(TEXT, b"not any more"))
        sent = tunnel.upstream.taken()
        assert sent.startswith(up[100:])
        first, second = sent[len(up) - 100 :][:2]
        assert first == 0x80 | CLOSE
        assert second & 0x80  # the sidecar is a client there
        tunnel.upstream.protocol.data_received(down[1:] + frame(TEXT, b"nor this"))
        got = tunnel.client.taken()
        assert got.startswith(down[1:])
        assert got[len(down) - 1] == 0x80 | CLOSE
        assert b"nor this" not in got
        tunnel.client.protocol.data_received(masked(TEXT, b"late"))
        assert tunnel.upstream.taken() == b""
        assert not tunnel.client.closing
        tunnel.client.protocol.data_received(masked(CLOSE))
        tunnel.upstream.protocol.data_received(frame(CLOSE))
        assert tunnel.client.closing
        assert tunnel.upstream.closing
    assert tunnel.ending == "draining"
    assert tunnel.tunnel.error.code == "draining"


async def test_a_drain_says_nothing_to_a_side_that_was_told_to_close_already():
    async with Open() as tunnel:
        tunnel.client.protocol.data_received(masked(CLOSE, closing(4000)))
        assert tunnel.upstream.taken() == masked(CLOSE, closing(4000))
        tunnel.tunnel.drain()
        assert tunnel.upstream.taken() == b""
        assert tunnel.client.taken().startswith(bytes((0x80 | CLOSE,)))


async def test_a_handler_that_is_cancelled_ends_both_sides():
    tunnel = Open()
    await asyncio.sleep(0)
    tunnel.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tunnel.running
    assert tunnel.client.aborted
    assert tunnel.upstream.aborted
    assert tunnel.ending == "draining"
    assert tunnel.stats.open == 0


async def test_a_side_that_was_lost_before_it_began_ends_it():
    tunnel = Open()
    tunnel.upstream.closing = True
    await asyncio.sleep(0)
    assert tunnel.client.shut
    tunnel.client.protocol.connection_lost(None)
    await tunnel.running
    assert tunnel.ending == "upstream_left"


async def test_whoever_wants_to_know_is_told_when_the_client_is_gone():
    told = []
    async with Open() as tunnel:
        tunnel.tunnel.client.when_gone(told.append)
        assert told == []
    assert told == [None]
    tunnel.tunnel.client.when_gone(told.append)
    assert told == [None, None]
