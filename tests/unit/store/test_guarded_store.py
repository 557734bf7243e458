"""A store that fails, hangs or is full never holds up or fails who asks it."""

import asyncio
import time

import pytest

from sidecar.store import StoreDamaged, StoreUnavailable, guarded
from sidecar.store.guarded import GuardedStore
from sidecar.store.pending import Pending
from sidecar.telemetry.store_stats import StoreStats
from tests.support.guarded import Backend, Probing, bring_down, guarding
from tests.support.stepped_clock import settle


async def test_what_is_written_is_found_at_once_and_written_soon():
    async with guarding() as (store, backend, _):
        await store.set("a", b"1", 10.0)
        assert await store.get("a") == b"1"
        assert backend.memory.read("a", 1000.0) is None
        await settle()
        assert backend.memory.read("a", 1000.0) == b"1"
        assert await store.get("a") == b"1"
        await store.delete("a")
        assert await store.get("a") is None
        assert (store.stats.writes, store.stats.hits, store.stats.pending) == (1, 1, 1)


async def test_adding_is_done_before_it_returns_and_once_only():
    async with guarding() as (store, backend, _):
        assert await store.add("a", b"1", 10.0) is True
        assert backend.memory.read("a", 1000.0) == b"1"
        assert await store.add("a", b"2", 10.0) is False


async def test_adding_sees_what_still_waits_to_be_written():
    async with guarding() as (store, backend, _):
        await store.set("a", b"1", 10.0)
        assert await store.add("a", b"2", 10.0) is False
        await settle()
        await store.delete("a")
        assert await store.add("a", b"3", 10.0) is True
        await settle()
        assert backend.memory.read("a", 1000.0) == b"3"


async def test_what_another_adds_after_a_deletion_is_not_taken_from_it():
    async with guarding(timeout=5.0) as (store, backend, _):
        await store.add("a", b"1", 10.0)
        done, heard, delete = asyncio.Event(), asyncio.Event(), backend.delete

        async def late(key):
            await delete(key)
            done.set()
            await heard.wait()

        backend.delete = late
        await store.delete("a")
        await done.wait()
        assert await backend.add("a", b"another's", 10.0)
        adding = asyncio.ensure_future(store.add("a", b"2", 10.0))
        await settle()
        heard.set()
        assert await adding is False
        assert backend.memory.read("a", 1000.0) == b"another's"


async def test_adding_waits_no_longer_for_a_deletion_than_for_the_store():
    async with guarding() as (store, backend, _):
        await store.set("a", b"1", 10.0)
        await settle()
        backend.mood = "hang"
        await store.delete("a")
        await settle()
        assert await store.add("a", b"2", 10.0) is None
        backend.mood = None


@pytest.mark.parametrize("mood", [OSError("secret host"), StoreUnavailable("x"), ValueError()])
async def test_a_store_that_fails_is_a_miss(mood):
    async with guarding() as (store, backend, _):
        backend.mood = mood
        assert await store.get("a") is None
        assert await store.add("a", b"1", 10.0) is None
        assert store.stats.failures == {"error": 2}


async def test_a_store_that_hangs_is_a_miss_within_its_timeout():
    async with guarding() as (store, backend, _):
        backend.mood = "hang"
        for call in (store.get("a"), store.add("a", b"1", 10.0)):
            start = time.perf_counter()
            assert await call is None
            assert time.perf_counter() - start < 0.5
        assert store.stats.failures == {"timeout": 2}


async def test_a_write_never_waits():
    async with guarding() as (store, backend, _):
        backend.mood = "hang"
        for number in range(3):
            await asyncio.wait_for(store.set(str(number), b"1", 10.0), 0.05)
        await settle()
        assert await store.get("2") == b"1"
        assert [what for what in backend.asked if what[0] == "set"] == [("set", "0")]
        backend.mood = OSError()


async def test_damage_is_not_tried_a_second_time():
    async with guarding() as (store, backend, _):
        backend.mood = StoreDamaged("x")
        assert await store.get("a") is None
        assert not store.up


async def test_a_write_that_cannot_be_done_does_not_stand_in_the_way():
    class Picky(Backend):
        async def set(self, key, value, ttl):
            if key == "bad":
                raise ValueError
            await super().set(key, value, ttl)

    clock = Probing()
    backend = Picky(clock)
    store = GuardedStore(
        backend, kind="test", timeout=0.05, max_object=10, clock=clock, stats=StoreStats()
    )
    await store.start()
    store.soon("bad", b"1", 10.0)
    store.soon("good", b"1", 10.0)
    for _ in range(3):
        clock.next.set()
        await settle()
    assert backend.memory.read("good", clock.now()) == b"1"
    await store.close()


async def test_a_value_that_is_too_large_only_displaces_the_old_one():
    async with guarding() as (store, backend, _):
        await backend.set("a", b"old", 10.0)
        await store.set("a", bytes(1001), 10.0)
        assert await store.get("a") is None
        await settle()
        assert backend.memory.read("a", 1000.0) is None
        assert store.stats.dropped == 1


async def test_what_expired_while_it_waited_is_not_written():
    async with guarding() as (store, backend, clock):
        await bring_down(store, backend, OSError())
        await store.set("a", b"1", 1.0)
        backend.mood = None
        clock.advance(5.0)
        clock.next.set()
        await settle()
        assert ("set", "a") not in backend.asked


async def test_what_waits_is_written_before_it_is_closed():
    async with guarding() as (store, backend, _):
        for number in range(50):
            await store.set(str(number), b"1", 10.0)
    assert len(backend.memory) == 50
    assert backend.closed


async def test_it_is_swept_from_time_to_time_and_after_many_writes(monkeypatch):
    monkeypatch.setattr(guarded, "_SWEEP_BYTES", 100)
    async with guarding() as (store, backend, clock):
        clock.advance(61.0)
        await store.set("a", b"1", 10.0)
        await settle()
        assert backend.swept == 1
        await store.set("a", bytes(90), 10.0)
        await settle()
        assert backend.swept == 1
        await store.set("a", bytes(10), 10.0)
        await settle()
        assert backend.swept == 2


async def test_what_waits_to_be_written_counts_where_several_are_asked_for():
    async with guarding() as (store, backend, _):
        await backend.set("a", b"old", 10.0)
        await backend.set("b", b"2", 10.0)
        store.soon("a", b"new", 10.0)
        assert await store.get_all(["a", "b", "c"]) == [b"new", b"2", None]
        store.soon("b", None, 0.0)
        assert await store.get_all(["b"]) == [None]
        await bring_down(store, backend, OSError())
        assert await store.get_all(["a"]) is None
        assert await store.version() is None


async def test_too_much_that_is_needed_is_said_where_it_is_put():
    async with guarding(mood=OSError()) as (store, _, _):
        store._pending = Pending(most=2)
        assert [store.soon(str(n), b"1", 10.0, needed=True) for n in range(3)] == [
            False,
            False,
            True,
        ]
        assert store.soon("plain", b"1", 10.0) is False
