import gc
import tracemalloc
from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from bench.policies import LeastRecentlyUsed
from sidecar.store.bounded import ENTRY, Bounded
from sidecar.store.s3fifo import S3Fifo
from sidecar.telemetry.store_stats import StoreStats

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "get", "pop"]),
        st.sampled_from("abcdefgh"),
        st.integers(0, 130),
    ),
    max_size=100,
)


@given(STEPS, st.sampled_from([S3Fifo, LeastRecentlyUsed]))
def test_it_never_holds_more_than_it_may_and_knows_what_it_holds(steps, eviction):
    stats = StoreStats()
    memory = Bounded(4 * ENTRY, 100, stats, eviction)
    last = {}
    for number, (what, key, size) in enumerate(steps):
        if what == "put":
            memory.put(key, number, size)
            last[key] = (number, size + 1 + ENTRY)
        elif what == "get":
            assert memory.get(key) in (None, last.get(key, (None,))[0])
        else:
            memory.pop(key)
            last.pop(key, None)
        kept = dict(memory)
        assert memory.size == sum(last[key][1] for key in kept) <= 4 * ENTRY
        assert (stats.bytes, stats.entries) == (memory.size, len(memory))


def test_a_value_that_is_too_large_only_displaces_the_old_one():
    stats = StoreStats()
    memory = Bounded(10 * ENTRY, 100, stats)
    memory.put("a", "old", 100)
    memory.put("b", "other", 50)
    memory.put("a", "new", 101)
    assert memory.get("a") is None
    assert memory.get("b") == "other"
    assert (stats.dropped, stats.evicted, memory.size) == (1, 0, 51 + ENTRY)


def test_a_value_that_grew_makes_room_for_itself():
    stats = StoreStats()
    memory = Bounded(2000, 2000, stats)
    memory.put("a", 1, 10)
    memory.put("b", 2, 10)
    memory.get("a")
    memory.put("a", 3, 1900 - ENTRY)
    assert dict(memory) == {"a": 3}
    assert (stats.evicted, memory.size) == (1, 1901)
    assert memory.snapshot() == {"entries": 1, "bytes": 1901, "max_bytes": 2000}
    assert repr(memory) == "<Bounded 1 values, 1901 of 2000 bytes>"


def test_reads_are_counted():
    stats = StoreStats()
    memory = Bounded(1000, 100, stats)
    memory.put("a", 1, 10)
    assert (memory.get("a"), memory.get("b")) == (1, None)
    assert (stats.hits, stats.misses, stats.writes) == (1, 1, 1)


def test_it_takes_as_much_memory_as_it_counts():
    memory = Bounded(2 << 20, 1 << 20, StoreStats())
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(10_000):
            value = b"x" * 100 + b"%d" % number
            memory.put(f"{number:040}", value, getsizeof(value))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert memory.size > (2 << 20) - 2048
    assert 0.8 < taken / memory.size < 1.2
