"""One attempt: what it writes, when it takes another connection, and how it ends."""

import asyncio

import pytest

from sidecar.errors import DeadlineExceeded, TruncatedBody, UpstreamReset
from sidecar.exchange import Request
from tests.support.attempts import OK, Answering
from tests.support.builders import exchange

FIELDS = [(b"X-a", b"1")]


async def test_a_request_is_written_once_with_base_host_and_body(make):
    world = make(OK)
    answer, data = await world.ask("POST", "/a?b=%2C", [(b"Content-Length", b"2")], b"{}")
    assert world.transports[0].written == (
        b"POST /base/a?b=%2C HTTP/1.1\r\nHost: x.test\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert (answer.status, data, answer.body.length, answer.source) == (200, b"ok", 2, "upstream")
    assert (world.stats.open, world.stats.idle) == (1, 1)


async def test_a_connection_is_reused_and_the_timeline_says_so(make):
    world = make(OK, OK)
    await world.ask()
    assert not world.exchange.timeline.reused
    await world.ask()
    assert world.exchange.timeline.reused
    assert (len(world.transports), world.stats.reused) == (1, 1)


async def test_what_the_upstream_announces_bounds_the_idle_time(make):
    world = make(OK)
    await world.ask()
    assert world.pool.limit.limit(100.0) == 4.0


@pytest.mark.parametrize(
    ("method", "body", "repeated"),
    [
        ("GET", None, True),
        ("HEAD", None, True),
        ("OPTIONS", b"{}", True),
        ("POST", b"{}", False),
        ("PUT", b"{}", False),
        ("DELETE", None, False),
        ("PATCH", b"{}", False),
        ("PURGE", None, False),
        ("get", None, False),
    ],
)
async def test_a_kept_connection_that_had_ended_is_replaced_only_for_safe_methods(
    make, method, body, repeated
):
    world = make(OK, b"", OK)
    await world.ask()
    if repeated:
        await world.ask(method, "/", FIELDS, body)
        assert world.transports[1].written.endswith(b"\r\n\r\n" + (body or b""))
    else:
        with pytest.raises(UpstreamReset) as caught:
            await world.ask(method, "/", FIELDS, body)
        assert caught.value.code == "stale_connection"
    assert len(world.transports) == (2 if repeated else 1)
    assert world.stats.resent == int(repeated)
    assert world.exchange.attempt == 1


@pytest.mark.parametrize("scripts", [[b""], [OK, b"H"], [OK, b"HTTP/1.1 200 OK\r\n"]])
async def test_any_other_reset_is_not_repeated(make, scripts):
    world = make(*scripts)
    if scripts[0]:
        await world.ask()
        calling = asyncio.ensure_future(world.call())
        for _ in range(3):
            await asyncio.sleep(0)
        world.transports[0].connection.connection_lost(ConnectionResetError())
    else:
        calling = asyncio.ensure_future(world.call())
    with pytest.raises(UpstreamReset) as caught:
        await calling
    assert (caught.value.code, world.stats.resent) == ("upstream_reset", 0)
    assert (world.stats.open, world.stats.idle) == (0, 0)


async def test_a_repetition_is_made_once(make):
    world = make(OK, b"", b"")
    await world.ask()
    with pytest.raises(UpstreamReset):
        await world.call()
    assert (len(world.transports), world.stats.resent, world.stats.open) == (2, 1, 0)


@pytest.mark.parametrize("deadline", [99.0, 100.0])
async def test_from_its_deadline_on_nothing_is_sent(make, deadline):
    world = make()
    with pytest.raises(DeadlineExceeded) as caught:
        await world.call(deadline=deadline)
    assert caught.value.message == "the deadline passed on attempt 1, before anything was sent"
    assert (world.transports, world.stats.open) == ([], 0)


async def test_a_call_that_is_cancelled_gives_its_connection_back(make):
    world = make(b"HTTP/1.1 200 OK\r\n")
    calling = asyncio.ensure_future(world.call())
    for _ in range(5):
        await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert (world.transports[0].closing, world.stats.open) == (True, 0)


async def test_a_response_that_is_closed_unread_ends_its_connection(make):
    world = make(OK[:-1])
    answer = await world.call()
    assert (world.stats.open, world.stats.idle) == (1, 0)
    answer.close()
    answer.close()
    assert (world.transports[0].closing, world.stats.open) == (True, 0)


async def test_each_answer_of_an_exchange_is_measured_from_its_own_request(make, monkeypatch):
    world, at_once = make(OK, OK), Answering.answer

    def late(transport, script):
        world.clock.advance(1.0)
        at_once(transport, script)

    monkeypatch.setattr(Answering, "answer", late)
    subject = exchange(Request("GET", "/", []), deadline=200.0)
    for began in (100.0, 106.0):
        (await world.attempt(subject)).close()
        timeline = subject.timeline
        assert (timeline.sent_at, timeline.first_byte_at) == (began, began + 1.0)
        world.clock.advance(5.0)
    assert timeline.at_upstream == 2.0


@pytest.mark.parametrize("covers", [False, True])
async def test_a_body_is_cut_at_the_deadline_only_where_the_route_asks_for_it(make, covers):
    world = make(OK[:-2], total_covers_body=covers)
    answer = await world.call(deadline=200.0)
    world.clock.advance(150.0)
    reading = asyncio.ensure_future(answer.body.read())
    for _ in range(5):
        await asyncio.sleep(0)
    world.transports[0].connection.connection_lost(None)
    with pytest.raises(DeadlineExceeded if covers else TruncatedBody):
        await reading
    answer.close()


class Streamed:
    """A body of unknown length that comes in pieces, none of them at once."""

    length = None
    arrived = None
    rewindable = False

    def __init__(self, *pieces):
        self.pieces = [*pieces, b""]

    def take(self):
        """Nothing yet."""
        return self.arrived

    async def read(self):
        """The next piece."""
        return self.pieces.pop(0)


async def test_a_body_of_unknown_length_is_written_in_chunks_as_it_comes(make):
    world = make(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 P\r\n\r\n", OK[:9], OK[9:])
    body = Streamed(b"abc", b"d" * 17)
    answer = await world.attempt(exchange(Request("POST", "/", [], body), deadline=200.0))
    head, _, written = world.transports[0].written.partition(b"\r\n\r\n")
    assert head.endswith(b"Transfer-Encoding: chunked")
    assert written == b"3\r\nabc\r\n11\r\n" + b"d" * 17 + b"\r\n0\r\n\r\n"
    answer.close()
