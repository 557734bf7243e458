"""Duplicates that wait for the first, and clients that leave before their answer is there."""

import asyncio

import pytest

from sidecar.exchange import stack
from sidecar.layers.ledger import ledger
from tests.support.builders import exchange, request, response
from tests.support.ledgers import UNSENT, Gate, Slow, World
from tests.support.stepped_clock import settle


async def test_duplicates_wait_for_the_first_and_get_its_answer():
    gate = Gate(response(201, b"made"))
    world = World(gate)
    calls = [asyncio.ensure_future(world.whole()) for _ in range(5)]
    await settle()
    assert len(world.sent) == 1
    gate.open.set()
    assert await asyncio.gather(*calls) == [(201, b"made")] * 5
    assert (world.stats.waited, world.stats.replayed) == (4, 4)


async def test_duplicates_wait_until_the_answer_is_complete():
    answer = response(200)
    answer.body = body = Slow()
    world = World(answer)
    first = await world.call()
    second = asyncio.ensure_future(world.whole())
    body.chunks.put_nowait(b"half")
    await first.body.read()
    await settle()
    assert not second.done()
    body.chunks.put_nowait(b"")
    assert await first.body.read() == b""
    assert await second == (200, b"half")  # before the first is closed
    first.close()


async def test_a_duplicate_waits_no_longer_than_it_may():
    gate = Gate(response(200))
    world = World(gate, wait=0.01)
    first = asyncio.ensure_future(world.whole())
    await settle()
    assert await world.whole() == "idempotency_in_flight"
    assert await world.whole(left=0.0) == "idempotency_in_flight"
    gate.open.set()
    assert await first == (200, b"")


async def test_if_the_first_was_never_sent_one_of_those_who_wait_sends():
    gate, second = Gate(UNSENT), Gate(response(200, b"sent"))
    world = World(gate, second)
    calls = [asyncio.ensure_future(world.whole()) for _ in range(4)]
    await settle()
    gate.open.set()
    await settle()
    assert len(world.sent) == 2
    second.open.set()
    assert await asyncio.gather(*calls) == ["connect_error", *[(200, b"sent")] * 3]
    assert world.stats.waited == 3, "also those that waited twice count once"


async def test_a_client_that_leaves_before_anything_was_sent_leaves_the_key_free():
    world = World(response(200, b"sent"))

    async def stuck(subject):
        await asyncio.Event().wait()

    pooled = stack(ledger(world.parts[0]), on=stuck)
    subject = exchange(request("POST", "/messages", [(b"Idempotency-Key", b"k")], b"{}"))
    call = asyncio.ensure_future(pooled(subject))
    await settle()
    waiting = asyncio.ensure_future(world.whole())
    await settle()
    call.cancel()
    assert await waiting == (200, b"sent")
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize(("honoured", "then"), [(False, "idempotency_unknown"), (True, (200, b""))])
async def test_a_call_that_is_cut_off_under_way_may_have_been_done(honoured, then):
    world = World(Gate(response(200)), response(200), honoured=honoured)
    call = asyncio.ensure_future(world.call())
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await world.whole() == then


async def test_a_waiting_client_that_leaves_disturbs_nobody():
    gate = Gate(response(200, b"x"))
    world = World(gate)
    calls = [asyncio.ensure_future(world.whole()) for _ in range(4)]
    await settle()
    calls[1].cancel()
    await settle()
    gate.open.set()
    assert await asyncio.gather(calls[0], *calls[2:]) == [(200, b"x")] * 3


async def test_an_answer_is_read_to_its_end_although_its_client_left():
    closed = []
    answer = response(200)
    answer.body = body = Slow()
    answer.on_close(closed.append)
    world = World(answer)
    first = await world.call()
    second = asyncio.ensure_future(world.whole())
    body.chunks.put_nowait(b"one ")
    await first.body.read()
    first.close(ConnectionResetError())
    body.chunks.put_nowait(b"two")
    await settle()
    assert closed == []
    body.chunks.put_nowait(b"")
    assert await second == (200, b"one two")
    await settle()
    assert len(closed) == 1
    assert not world.parts[0].finishing
