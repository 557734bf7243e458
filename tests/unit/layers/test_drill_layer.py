"""What each drill does in the place of the upstream, or to its answer, and to which calls."""

import asyncio

import pytest

from sidecar.config import Timeouts
from sidecar.errors import (
    AttemptTimeout,
    BadResponse,
    ConnectError,
    ConnectTimeout,
    DeadlineExceeded,
    RequestBodyStalled,
    TruncatedBody,
    UpstreamReset,
)
from sidecar.faults import FAULTS
from sidecar.layers.drill import drill
from tests.support.builders import exchange, request
from tests.support.drilled import REPLIES, World

MARK = b"X-Sidecar-Drill"


async def read(body):
    parts = []
    while chunk := await body.read():
        parts.append(chunk)
    return parts


def mark(answer):
    return [value for name, value in answer.headers if name == MARK]


def test_where_drills_are_not_allowed_there_is_no_layer():
    assert drill(None, Timeouts()) is None


async def test_without_a_drill_the_answer_is_passed_on_untouched():
    world = World()
    assert await world.call() is world.answer
    assert mark(world.answer) == []


async def test_a_call_that_the_numbers_spare_goes_through():
    world = World("http_500", percent=20.0)
    world.numbers = [0.2]
    assert await world.call() is world.answer
    assert world.drilling.stats.injected == {("api", "http_500"): 0}


@pytest.mark.parametrize("name", REPLIES)
async def test_a_reply_takes_the_place_of_the_upstream_and_is_marked(name):
    world, reply = World(name), FAULTS[name].act()
    answer = await world.call("POST", b"request")
    assert (world.calls, answer.status, mark(answer)) == (0, reply.status, [name.encode()])
    assert (answer.source, answer.body.length is None) == ("upstream", reply.streamed)
    assert await answer.body.read() == reply.body
    if reply.broken:
        with pytest.raises(TruncatedBody):
            await answer.body.read()
    else:
        assert await answer.body.read() == b""
    timeline = world.exchange.timeline
    assert (timeline.bytes_up, timeline.bytes_down) == (7, len(reply.body))
    assert timeline.first_byte_at == 100.0
    assert world.drilling.stats.injected == {("api", name): 1}


async def test_a_head_has_no_body_and_the_length_of_one():
    answer = await World("http_503").call("HEAD")
    assert (answer.body.length, await answer.body.read()) == (0, b"")
    assert (b"Content-Length", b"190") in answer.headers


async def test_one_answer_does_not_change_the_next():
    world = World("http_503")
    await world.call()
    assert len(mark(await world.call())) == 1


@pytest.mark.parametrize(
    ("name", "kind", "code", "sent"),
    [
        ("connect_refused", ConnectError, "connect_error", False),
        ("reset_before_answer", UpstreamReset, "upstream_reset", True),
        ("garbage", BadResponse, "bad_response", True),
    ],
)
async def test_a_failure_is_the_transports_error_and_names_the_drill(name, kind, code, sent):
    world = World(name)
    with pytest.raises(kind, match=f"^drill {name}: ") as caught:
        await world.call("POST", b"request")
    assert (caught.value.code, caught.value.sent, world.calls) == (code, sent, 0)
    assert world.exchange.timeline.bytes_up == (7 if sent else 0)


@pytest.mark.parametrize(
    ("name", "left", "kind", "code", "waited"),
    [
        ("hang", 30.0, AttemptTimeout, "first_byte_timeout", 10.0),
        ("hang", 4.0, DeadlineExceeded, "total_timeout", 4.0),
        ("connect_timeout", 30.0, ConnectTimeout, "connect_timeout", 3.0),
        ("connect_timeout", 1.0, DeadlineExceeded, "total_timeout", 1.0),
    ],
)
async def test_silence_ends_with_the_timer_of_the_route(name, left, kind, code, waited):
    world = World(name)
    with pytest.raises(kind, match=name) as caught:
        await world.call(left=left)
    assert (caught.value.code, world.clock.now() - 100.0) == (code, waited)
    timeline = world.exchange.timeline
    assert timeline.dial + timeline.at_upstream == waited
    assert (timeline.dial > 0) is (name == "connect_timeout")


@pytest.mark.parametrize("name", ["http_500", "hang", "connect_refused", "connect_timeout"])
async def test_after_the_deadline_nothing_is_drilled(name):
    with pytest.raises(DeadlineExceeded, match="before anything was sent"):
        await World(name).call(left=0.0)


async def test_a_request_body_that_stalls_fails_as_when_it_is_really_sent():
    class Stalling:
        length = 10
        rewindable = False

        async def read(self):
            raise RequestBodyStalled("stalled", code="request_body_timeout")

    world = World("http_500")
    subject = exchange(request("POST")._replace(body=Stalling()), deadline=130.0)
    with pytest.raises(RequestBodyStalled) as caught:
        await world.handler(subject)
    world.drilling.close()
    assert caught.value.sent


async def test_a_get_on_a_dead_connection_goes_to_another_and_a_post_fails():
    world = World("keepalive_reset")
    assert (await world.call("GET")).status == 200
    with pytest.raises(UpstreamReset) as caught:
        await world.call("POST", b"message")
    assert (caught.value.code, world.calls) == ("stale_connection", 1)


async def test_a_lost_answer_was_acted_on_and_is_given_back():
    world = World("whatsapp.lost_answer")
    with pytest.raises(UpstreamReset) as caught:
        await world.call("POST", b"message")
    assert (world.calls, caught.value.code, caught.value.sent) == (1, "upstream_reset", True)
    assert world.closed == [caught.value]
    assert world.exchange.timeline.first_byte_at == 0.0


@pytest.mark.parametrize(
    ("jitter", "number", "late"), [(0.0, 0.5, 0.5), (0.2, 0.0, 0.3), (0.2, 0.75, 0.6)]
)
async def test_latency_holds_the_answer_back(jitter, number, late):
    world = World("latency", jitter=jitter)
    world.numbers = [number]
    answer = await world.call()
    assert (answer is world.answer, mark(answer)) == (True, [b"latency"])
    assert world.clock.now() == pytest.approx(100.0 + late)
    assert world.exchange.timeline.first_byte_at == world.clock.now()
    assert world.exchange.timeline.at_upstream == pytest.approx(late)


@pytest.mark.parametrize(
    ("left", "code", "ends"), [(30.0, "first_byte_timeout", 110.0), (5.0, "total_timeout", 105.0)]
)
async def test_latency_and_the_upstreams_own_time_together_meet_the_timer(left, code, ends):
    world = World("latency", delay=8.0, takes=3.0)
    with pytest.raises((AttemptTimeout, DeadlineExceeded)) as caught:
        await world.call(left=left)
    assert (caught.value.code, world.clock.now()) == (code, ends)
    assert world.closed == [caught.value]


async def test_a_slow_body_pauses_before_each_piece():
    world = World("trickle", body=b"a" * 150, delay=0.25)
    answer = await world.call()
    assert answer.body.take() is None
    assert list(map(len, await read(answer.body))) == [64, 64, 22]
    assert world.clock.slept == [0.25] * 3


async def test_a_pause_longer_than_the_idle_timer_is_an_idle_timeout():
    world = World("slow_body", delay=60.0)
    answer = await world.call()
    with pytest.raises(AttemptTimeout) as caught:
        await answer.body.read()
    assert (caught.value.code, world.clock.slept) == ("idle_timeout", [30.0])


async def test_the_deadline_cuts_a_slow_body_where_it_covers_bodies():
    world = World("slow_body", delay=20.0, timeouts=Timeouts(total_covers_body=True))
    answer = await world.call(left=5.0)
    with pytest.raises(DeadlineExceeded):
        await answer.body.read()
    assert world.clock.slept == [5.0]


async def test_a_body_breaks_in_its_middle():
    world = World("truncated_body")
    answer = await world.call()
    assert (answer.body.length, await answer.body.read()) == (10, b"01234")
    for _ in range(2):
        with pytest.raises(TruncatedBody):
            await answer.body.read()


async def test_a_chunked_body_that_breaks_declares_no_length():
    answer = await World("truncated_chunked").call()
    assert (answer.body.length, answer.headers) == (None, [(MARK, b"truncated_chunked")])
    assert await answer.body.read() == b"01234"
    with pytest.raises(TruncatedBody):
        await answer.body.read()


@pytest.mark.parametrize("name", ["truncated_body", "truncated_chunked", "slow_body", "trickle"])
async def test_an_answer_without_a_body_stays_one(name):
    world = World(name, body=b"")
    answer = await world.call()
    assert await answer.body.read() == b""
    assert (b"Content-Length", b"0") in answer.headers


@pytest.mark.parametrize("name", ["latency", "hang"])
async def test_a_client_that_leaves_gives_everything_back(name):
    world = World(name)

    async def sleep(_seconds):
        await asyncio.Event().wait()

    world.clock.sleep = sleep
    call = asyncio.ensure_future(world.call())
    for _ in range(3):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(world.closed) == world.calls
