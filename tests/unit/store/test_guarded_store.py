import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.store import StoreDamaged, StoreUnavailable, guarded
from sidecar.store.guarded import GuardedStore
from sidecar.store.health import Health
from sidecar.store.memory import Memory, MemoryStore
from sidecar.store.pending import Pending, Write
from sidecar.telemetry.store_stats import StoreStats
from tests.support.clock import FakeClock


class Backend(MemoryStore):
    """A store whose mood can be set: fine, an error to raise, or a wait that never ends."""

    def __init__(self, clock):
        super().__init__(Memory(1 << 20, 1 << 20), clock)
        self.mood = None
        self.asked = []
        self.swept = 0
        self.closed = False

    async def _feel(self, *what):
        self.asked.append(what)
        if self.mood == "hang":
            await asyncio.Event().wait()
        if self.mood is not None:
            raise self.mood

    async def open(self):
        await self._feel("open")

    async def get(self, key):
        await self._feel("get", key)
        return await super().get(key)

    async def set(self, key, value, ttl):
        await self._feel("set", key)
        await super().set(key, value, ttl)

    async def add(self, key, value, ttl):
        await self._feel("add", key)
        return await super().add(key, value, ttl)

    async def delete(self, key):
        await self._feel("delete", key)
        await super().delete(key)

    async def sweep(self):
        self.swept += 1

    async def close(self):
        self.closed = True


class Probing(FakeClock):
    """Time that passes only when a test lets the next probe happen."""

    def __init__(self):
        super().__init__()
        self.next = asyncio.Event()

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await self.next.wait()
        self.next.clear()
        self.advance(seconds)


@asynccontextmanager
async def guarding(*, start=True, timeout=0.05, mood=None):
    clock = Probing()
    backend = Backend(clock)
    backend.mood = mood
    store = GuardedStore(
        backend, kind="test", timeout=timeout, max_object=1000, clock=clock, stats=StoreStats()
    )
    if start:
        await store.start()
    try:
        yield store, backend, clock
    finally:
        await store.close()


async def settled():
    for _ in range(30):
        await asyncio.sleep(0)


async def bring_down(store, backend, mood):
    backend.mood = mood
    while store.up:
        assert await store.get("x") is None


def events(caplog):
    return [(record.msg, record.fields.get("error")) for record in caplog.records]


async def test_what_is_written_is_found_at_once_and_written_soon():
    async with guarding() as (store, backend, _):
        await store.set("a", b"1", 10.0)
        assert await store.get("a") == b"1"
        assert backend.memory.read("a", 1000.0) is None
        await settled()
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
        await settled()
        await store.delete("a")
        assert await store.add("a", b"3", 10.0) is True
        await settled()
        assert backend.memory.read("a", 1000.0) == b"3"


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
        await settled()
        assert await store.get("2") == b"1"
        assert [what for what in backend.asked if what[0] == "set"] == [("set", "0")]
        backend.mood = OSError()


async def test_after_three_failures_it_is_left_alone_and_said_so_once(caplog):
    caplog.set_level("INFO")
    async with guarding() as (store, backend, _):
        await bring_down(store, backend, OSError("secret host"))
        asked = len(backend.asked)
        for _ in range(5):
            assert await store.get("a") is None
            assert await store.add("a", b"1", 1.0) is None
        assert len(backend.asked) == asked
        assert store.stats.skipped == 10
        assert store.stats.up is False
        assert events(caplog) == [("store_up", None), ("store_down", "OSError")]
        assert "secret" not in caplog.text


async def test_it_is_tried_again_later_and_later_and_what_waits_is_written_then(caplog):
    caplog.set_level("INFO")
    async with guarding() as (store, backend, clock):
        await bring_down(store, backend, OSError())
        await store.set("a", b"1", 100.0)
        await store.delete("b")
        for _ in range(3):
            clock.next.set()
            await settled()
        backend.mood = None
        clock.next.set()
        await settled()
        assert clock.slept == [2.0, 4.0, 8.0, 16.0]  # it had been up for a moment only
        assert store.up
        assert backend.memory.read("a", 1000.0) == b"1"
        assert ("delete", "b") in backend.asked
        assert [name for name, _ in events(caplog)] == ["store_up", "store_down", "store_up"]


async def test_a_start_without_the_store_is_a_start_all_the_same(caplog):
    async with guarding(mood=OSError()) as (store, backend, clock):
        assert not store.up
        assert await store.get("a") is None
        backend.mood = None
        clock.next.set()
        await settled()
        assert store.up


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
        await settled()
    assert backend.memory.read("good", clock.now()) == b"1"
    await store.close()


async def test_a_value_that_is_too_large_only_displaces_the_old_one():
    async with guarding() as (store, backend, _):
        await backend.set("a", b"old", 10.0)
        await store.set("a", bytes(1001), 10.0)
        assert await store.get("a") is None
        await settled()
        assert backend.memory.read("a", 1000.0) is None
        assert store.stats.dropped == 1


async def test_what_expired_while_it_waited_is_not_written():
    async with guarding() as (store, backend, clock):
        await bring_down(store, backend, OSError())
        await store.set("a", b"1", 1.0)
        backend.mood = None
        clock.advance(5.0)
        clock.next.set()
        await settled()
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
        await settled()
        assert backend.swept == 1
        await store.set("a", bytes(90), 10.0)
        await settled()
        assert backend.swept == 1
        await store.set("a", bytes(10), 10.0)
        await settled()
        assert backend.swept == 2


# The queue.


def test_a_newer_write_takes_the_place_of_an_older_one():
    pending = Pending()
    old, new = Write(b"1", 9.0), Write(b"2", 9.0)
    pending.put("a", old)
    pending.put("a", new)
    pending.done("a", old)
    assert pending.first() == ("a", new)
    pending.done("a", new)
    assert len(pending) == 0


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 60) | st.none())))
def test_the_queue_is_bounded_and_gives_up_the_oldest(writes):
    pending = Pending(most=4, most_bytes=100)
    dropped = 0
    for key, size in writes:
        write = Write(None if size is None else bytes(size), 9.0)
        dropped += pending.put(key, write)
        assert pending.get(key) is write
        assert len(pending) <= 4
    held = [pending.get(key) for key in "abcdefgh"]
    assert sum(write.size for write in held if write) <= 100
    assert len(pending) + dropped <= len(writes)


def test_what_is_needed_goes_first_and_is_not_given_up_for_anything_else():
    pending = Pending(most=4, most_bytes=100)
    for number in range(8):
        pending.put(str(number), Write(bytes(10), 9.0))
    pending.put("needed", Write(b"1", 9.0, needed=True))
    for number in range(8):
        pending.put(f"more{number}", Write(bytes(60), 9.0))
    assert pending.first()[0] == "needed"
    assert pending.lost == 0
    pending.put("more7", Write(b"", 9.0, needed=True))
    assert len(pending) == 2
    for number in range(4):
        pending.put(f"needed{number}", Write(b"1", 9.0, needed=True))
    assert pending.lost == 2
    assert len(pending) == 4


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


# How long it is left alone.


def test_a_store_that_was_well_for_long_is_probed_soon_again():
    health = Health()
    assert health.probed(0.0)
    for now in (1.0, 1.0):
        assert not health.failed(now, begun=now)
    health.succeeded(1.0)
    assert [health.failed(100.0, begun=100.0) for _ in range(4)] == [False, False, True, False]
    assert health.cooldown == 1.0


def test_a_burst_that_fails_counts_once():
    health = Health()
    health.probed(0.0)
    assert not any(health.failed(1.05 + n / 1000, begun=1.0 + n / 1000) for n in range(50))
    assert [health.failed(now, begun=now - 0.05) for now in (2.0, 3.0)] == [False, True]


def test_one_that_comes_and_goes_is_probed_ever_more_rarely():
    health, waits = Health(), []
    for cycle in range(7):
        health.probed(cycle * 10.0)
        health.failed(cycle * 10.0 + 5.0, begun=0.0, for_good=True)
        waits.append(health.cooldown)
    assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_store_that_never_was_is_said_to_be_down_once():
    health = Health()
    assert [health.probe_failed() for _ in range(3)] == [True, False, False]
    assert health.probed(5.0)
    assert not health.probed(6.0)
    assert repr(health) == "up"
