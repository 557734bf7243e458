import asyncio

import pytest

from sidecar.core.allowance import Allowance
from sidecar.errors import AttemptTimeout, BadResponse, TruncatedBody, UpstreamReset

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NEVER = Allowance(600.0, "idle_timeout")
FIRST_BYTE = Allowance(0.0, "first_byte_timeout")


async def test_a_finished_exchange_leaves_a_connection_for_the_next(line):
    for uses in (1, 2):
        line.start()
        line.subject.data_received(OK)
        assert (await line.subject.read_head()).status == 200
        assert await line.subject.read(NEVER) == b"ok"
        assert await line.subject.read(NEVER) == b""
        line.clock.advance(1.0)
        assert line.subject.finish()
        assert (line.subject.uses, line.subject.idle_since) == (uses, line.clock.now())
    assert not line.transport.closing
    assert line.transport.written == b"requestrequest"


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
async def test_a_connection_in_any_doubt_is_ended(line, data):
    line.start()
    if data:
        line.subject.data_received(data)
    assert not line.subject.finish()
    assert line.transport.closing


async def test_a_connection_whose_request_is_still_being_written_is_ended(line):
    line.start()
    line.subject.pause_writing()
    line.subject.data_received(OK)
    assert not line.subject.finish()
    assert line.transport.closing


async def test_a_byte_that_nobody_asked_for_ends_an_idle_connection(line):
    line.start()
    line.subject.data_received(OK)
    line.subject.finish()
    assert not line.subject.spoiled
    line.subject.data_received(b"H")
    assert line.subject.spoiled


@pytest.mark.parametrize("ends", [False, True])
async def test_what_waits_unseen_in_the_socket_spoils_a_connection(line, ends):
    assert not line.subject.spoiled
    if ends:
        line.far.close()
    else:
        line.far.send(b"x")
    assert line.subject.spoiled


async def test_the_end_of_an_idle_connection_is_told_once_and_that_of_a_busy_one_is_not(
    line, make_line
):
    told = []
    line.subject.lost = told.append
    line.start()
    line.subject.data_received(OK)
    line.subject.finish()
    line.subject.connection_lost(None)
    assert told == [line.subject]

    other = make_line()
    other.subject.lost = told.append
    other.start()
    other.subject.connection_lost(None)
    assert told == [line.subject]


@pytest.mark.parametrize(
    ("uses", "data", "kind", "code"),
    [
        (1, b"", UpstreamReset, "upstream_reset"),
        (2, b"", UpstreamReset, "stale_connection"),
        (2, b"HTTP/1.1", UpstreamReset, "upstream_reset"),
        (1, b"garbage", BadResponse, "bad_response"),
    ],
)
async def test_an_end_before_the_head_is_told_by_what_came_before_it(line, uses, data, kind, code):
    for _ in range(uses - 1):
        line.start()
        line.subject.data_received(OK)
        line.subject.finish()
    line.start()
    waiting = asyncio.ensure_future(line.subject.read_head())
    await asyncio.sleep(0)
    if data:
        line.subject.data_received(data)
    line.subject.connection_lost(ConnectionResetError())
    with pytest.raises(kind) as caught:
        await waiting
    assert caught.value.code == code


async def test_what_arrived_before_a_break_is_given_out_before_the_error(line):
    line.start()
    line.subject.data_received(OK[:-1])
    line.subject.connection_lost(None)
    assert await line.subject.read(NEVER) == b"o"
    with pytest.raises(TruncatedBody):
        await line.subject.read(NEVER)


@pytest.mark.parametrize(("clean", "complete"), [(True, True), (False, False)])
async def test_a_body_until_close_is_complete_only_after_a_clean_end(line, clean, complete):
    line.start()
    line.subject.data_received(b"HTTP/1.1 200 OK\r\n\r\nabc")
    if clean:
        assert not line.subject.eof_received()
    line.subject.connection_lost(None if clean else ConnectionResetError())
    assert await line.subject.read(NEVER) == b"abc"
    if complete:
        assert await line.subject.read(NEVER) == b""
    else:
        with pytest.raises(TruncatedBody):
            await line.subject.read(NEVER)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "first_byte_timeout"), (b"HTTP/1.1 200", "header_timeout")]
)
async def test_a_head_that_does_not_come_is_told_apart_from_one_that_does_not_end(line, data, code):
    line.start()
    if data:
        line.subject.data_received(data)
    line.subject.arm(FIRST_BYTE, "while waiting for the response")
    with pytest.raises(AttemptTimeout) as caught:
        await line.subject.read_head()
    assert caught.value.code == code
    assert line.transport.closing


async def test_a_stalled_body_is_an_idle_timeout(line):
    line.start()
    line.subject.data_received(OK[:-1])
    allowance = Allowance(0.0, "idle_timeout")
    assert await line.subject.read(allowance) == b"o"
    with pytest.raises(AttemptTimeout) as caught:
        await line.subject.read(allowance)
    assert caught.value.code == "idle_timeout"


async def test_writing_to_a_connection_that_ended_tells_why(line):
    line.start("POST")
    line.subject.connection_lost(None)
    with pytest.raises(UpstreamReset):
        line.subject.write(b"more")


async def test_the_first_byte_of_an_answer_is_written_down_once(line):
    line.start()
    line.clock.advance(1.0)
    line.subject.data_received(OK[:5])
    line.clock.advance(1.0)
    line.subject.data_received(OK[5:])
    assert line.timeline.first_byte_at == 1001.0


async def test_it_shows_its_state(line):
    assert repr(line.subject) == "<Connection idle, 0 uses>"
    line.start()
    assert repr(line.subject) == "<Connection busy, 1 uses>"
    line.subject.abort()
    assert repr(line.subject) == "<Connection closed, 1 uses>"
