"""No call outlives its deadline, whatever its upstream does, and no attempt begins after it."""

import asyncio
import statistics
import time

import pytest

from sidecar.config import Match, Retry, Route, Timeouts
from tests.support.lateness import BUSY, LATE, timed
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, call, connected, get
from tests.support.steps import OK, body, close, message, reply, send, stall, trickle, wait

TOTAL = 0.5
CALLS = 20

LASTING = Retry(attempts=10, base=0.02, cap=0.1)
POST = call("POST", content=b"message")
LONG_POST = call("POST", content=b"z" * 100)
ANSWER = message(b"ok")

FAULTS = {
    "no answer": ((body, stall), get(), {}),
    "no answer to a POST": ((body, stall), POST, {}),
    "attempts that time out": ((body, stall), get(), {"first_byte": 0.12}),
    "a head that trickles": ((body, trickle(ANSWER, every=0.1)), get(), {}),
    "attempts that are closed": ((body, close), get(), {}),
    "attempts that are refused": (reply(b"busy", status=b"429 Many"), POST, {}),
    "attempts that fail late": (
        (body, wait(0.15), send(message(b"down", status=b"503 Down"))),
        get(),
        {},
    ),
    "a wait that ends just before it": (
        reply(b"busy", b"retry-after-ms: 480", status=b"429 Many"),
        get(),
        {},
    ),
    "an error whose body stalls": (
        (body, send(b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nhalf"), stall),
        get(),
        {"idle": 0.1},
    ),
}


def record(record_property, lateness):
    record_property("late_median_ms", round(statistics.median(lateness) * 1000, 1))
    record_property("late_worst_ms", round(max(lateness) * 1000, 1))


@pytest.mark.parametrize("name", FAULTS)
@timed
async def test_every_call_ends_by_its_deadline(name, record_property):
    script, data, timeouts = FAULTS[name]
    arrivals = []

    def choose(_request):
        arrivals.append(time.monotonic())
        return script

    settings = {"retry": LASTING, "timeouts": {"first_byte": 5.0, "total": TOTAL, **timeouts}}
    async with proxied(choose=choose, **settings) as (sidecar, _):

        async def late():
            async with connected(sidecar.proxy) as client:
                began = time.monotonic()
                await client.send(data)
                await client.head()
                return time.monotonic() - began - TOTAL

        began = time.monotonic()
        lateness = await asyncio.gather(*(late() for _ in range(CALLS)))
        last = max(arrivals) - began
    record(record_property, lateness)
    assert statistics.median(lateness) <= LATE
    assert max(lateness) <= LATE + BUSY
    assert last <= TOTAL + BUSY


@timed
async def test_a_call_that_waits_for_a_connection_ends_by_its_deadline(record_property):
    patient = Timeouts(first_byte=5.0, total=5.0)
    settings = {
        "retry": LASTING,
        "timeouts": {"first_byte": 5.0, "total": TOTAL},
        "pool": {"max_connections": 1, "max_wait": 5.0},
        "routes": (Route(name="hold", match=Match(path="/hold"), timeouts=patient),),
    }
    async with (
        proxied((body, stall), **settings) as (sidecar, origin),
        connected(sidecar.proxy) as holder,
    ):
        await holder.send(get("/api/hold"))  # has the only connection until all have given up
        await soon(lambda: len(origin.requests) == 1)
        began = time.monotonic()

        async def late():
            answer = await ask(sidecar.proxy, get())
            assert answer.error in {"total_timeout", "pool_timeout"}
            return time.monotonic() - began - TOTAL

        lateness = await asyncio.gather(*(late() for _ in range(CALLS)))
        assert len(origin.requests) == 1
    record(record_property, lateness)
    assert statistics.median(lateness) <= LATE
    assert max(lateness) <= LATE + BUSY


@timed
async def test_a_body_that_flows_past_the_deadline_is_cut_only_where_it_is_asked_for():
    flowing = (body, send(message(b"", b"Content-Length: 20", framed=False)))
    slow = (*flowing, trickle(b"x" * 20, every=0.05))
    for covered in (False, True):
        timeouts = {"total": TOTAL, "total_covers_body": covered}
        async with proxied(slow, retry=LASTING, timeouts=timeouts) as (sidecar, origin):
            began = time.monotonic()
            answer = await ask(sidecar.proxy, get())
            took = time.monotonic() - began
            assert answer.status == 200
            assert len(origin.requests) == 1
        if covered:
            assert answer.end in {"short", "reset"}
            assert TOTAL - LATE <= took <= TOTAL + LATE + BUSY
        else:
            assert answer.body == b"x" * 20
            assert took >= 0.9


@timed
async def test_an_answer_that_comes_in_time_is_not_cut_by_the_attempts_before_it():
    down = (body, wait(0.1), send(message(b"down", status=b"503 Down")))
    settings = {"retry": LASTING, "timeouts": {"first_byte": 5.0, "total": 2.0}}
    async with proxied(down, down, down, OK, **settings) as (sidecar, origin):
        assert (await ask(sidecar.proxy, LONG_POST)).status == 503
        assert (await ask(sidecar.proxy, get())).status == 200
        assert len(origin.requests) == 4
