"""What several sidecars know of one key through the store that they share."""

import asyncio

import pytest

from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.ledgers import UNSENT, Gate, World, shared
from tests.support.memory_store import Memory, MemoryStore
from tests.support.stepped_clock import settle

# Two sidecars, one store.


async def test_what_one_sidecar_did_another_knows():
    clock = FakeClock(start=100.0)
    world = World(response(201, b"made"), sidecars=2, store=shared(clock), clock=clock)
    assert await world.whole(sidecar=0) == (201, b"made")
    assert await world.whole(sidecar=1) == (201, b"made")
    assert await world.whole(sidecar=1, body=b"[]") == "idempotency_key_reused"
    assert len(world.sent) == 1


async def test_a_duplicate_at_another_sidecar_waits_for_the_first():
    clock = FakeClock(start=100.0)
    gate = Gate(response(201, b"made"))
    world = World(gate, sidecars=2, store=shared(clock), clock=clock)
    first = asyncio.ensure_future(world.whole(sidecar=0))
    await settle()
    second = asyncio.ensure_future(world.whole(sidecar=1))
    await settle()
    gate.open.set()
    assert await asyncio.gather(first, second) == [(201, b"made")] * 2
    assert 0.1 in clock.slept


async def test_if_the_first_was_never_sent_the_other_sidecar_sends():
    clock = FakeClock(start=100.0)
    gate = Gate(UNSENT)
    outcomes = (gate, response(200, b"sent"))
    world = World(*outcomes, sidecars=2, store=shared(clock), clock=clock)
    first = asyncio.ensure_future(world.whole(sidecar=0))
    await settle()
    second = asyncio.ensure_future(world.whole(sidecar=1))
    await settle()
    gate.open.set()
    assert await asyncio.gather(first, second) == ["connect_error", (200, b"sent")]


async def test_another_sidecar_is_not_waited_for_beyond_the_wait():
    clock = FakeClock(start=100.0)
    gate = Gate(response(200))
    world = World(gate, sidecars=2, store=shared(clock), clock=clock, wait=1.0)
    first = asyncio.ensure_future(world.whole(sidecar=0))
    await settle()
    assert await world.whole(sidecar=1) == "idempotency_in_flight"
    gate.open.set()
    await first


@pytest.mark.parametrize(
    ("honoured", "then"), [(False, "idempotency_unknown"), (True, (200, b"sent"))]
)
async def test_a_claim_whose_sidecar_died_is_an_outcome_that_nobody_knows(honoured, then):
    clock = FakeClock(start=100.0)
    store = shared(clock)
    died = World(Gate(response(200)), store=store, clock=clock, honoured=honoured)
    call = asyncio.ensure_future(died.call(left=30.0))
    await settle()
    restarted = World(response(200, b"sent"), store=store, clock=clock, honoured=honoured)
    clock.advance(36.0)
    assert await restarted.whole() == then
    call.cancel()
    await settle()


async def test_a_client_that_leaves_while_another_sidecar_is_asked_leaves_the_key_free():
    class Hesitant(MemoryStore):
        async def add(self, key, value, ttl):
            added = await super().add(key, value, ttl)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return added

    clock = FakeClock(start=100.0)
    store = Hesitant(Memory(), clock)
    world = World(response(200, b"sent"), sidecars=2, store=store, clock=clock)
    call = asyncio.ensure_future(world.call())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await settle()
    assert world.sent == []
    assert await world.whole(sidecar=1) == (200, b"sent")


@pytest.mark.parametrize("damage", [b"", b"\x01\x90", b"\x80pickle", b"\x01\x93\xa4done\xc0\xc0"])
async def test_a_record_that_cannot_be_read_may_stand_for_a_call_that_was_made(damage):
    clock = FakeClock(start=100.0)
    store = shared(clock)
    world = World(response(200), store=store, clock=clock, honoured=False)
    key = world.parts[0].keys.key(
        exchange(request("POST", "/messages", [(b"Idempotency-Key", b"k")], b"{}"))
    )
    await store.set(f"ledger:{key}", damage, 100.0)
    assert await world.whole() == "idempotency_unknown"
    assert world.sent == []


async def test_without_an_answer_of_the_store_memory_alone_decides():
    class Silent(MemoryStore):
        async def add(self, key, value, ttl):
            return None

        async def get(self, key):
            return None

        def soon(self, key, value, ttl):
            pass

    clock = FakeClock(start=100.0)
    store = Silent(Memory(), clock)
    world = World(response(200, b"x"), store=store, clock=clock)
    assert [await world.whole() for _ in range(2)] == [(200, b"x")] * 2
    assert len(world.sent) == 1


async def test_of_an_answer_that_the_store_does_not_take_the_fact_is_kept():
    clock = FakeClock(start=100.0)
    store = MemoryStore(Memory(max_object=200), clock)
    world = World(response(200, b"x" * 300), sidecars=2, store=store, clock=clock, honoured=False)
    assert await world.whole() == (200, b"x" * 300)
    assert await world.whole(sidecar=1) == "idempotency_answer_lost"
    assert await world.whole() == (200, b"x" * 300)


async def test_an_answer_that_went_from_memory_comes_from_the_store():
    clock = FakeClock(start=100.0)
    answers = (response(200, b"first"), response(200, b"x" * 400))
    world = World(*answers, store=shared(clock), clock=clock, honoured=False, max_size=1200)
    await world.whole(key=b"1")
    await world.whole(key=b"2")
    assert world.parts[0].ledger.evicted
    assert await world.whole(key=b"1") == (200, b"first")
    assert len(world.sent) == 2
