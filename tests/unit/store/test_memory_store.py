import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.store.eviction import LeastRecentlyUsed
from sidecar.store.memory import ENTRY, Memory, MemoryStore
from tests.support.clock import FakeClock

COST = ENTRY + 1 + 100
"""Of a value of 100 bytes under a key of one letter."""


def filled(*keys, room=3):
    memory = Memory(room * COST, 1000)
    for key in keys:
        memory.write(key, bytes(100), 60.0, 0.0)
    return memory


def held(memory, now=0.0):
    return "".join(key for key in "abcdef" if memory.read(key, now) is not None)


def test_what_was_not_used_for_longest_goes_first():
    memory = filled("a", "b", "c")
    memory.read("a", 1.0)
    memory.write("d", bytes(100), 60.0, 1.0)
    assert held(memory) == "acd"
    assert memory.stats.evicted == 1


def test_a_value_ends_with_its_time():
    memory = filled("a")
    assert memory.read("a", 59.9) is not None
    assert memory.read("a", 60.0) is None
    assert (memory.size, len(memory)) == (0, 0)


def test_a_value_that_is_too_large_displaces_the_old_one_only():
    memory = filled("a", "b")
    memory.write("a", bytes(1001), 60.0, 0.0)
    assert held(memory) == "b"
    assert memory.stats.dropped == 1


def test_adding_succeeds_once_until_the_end():
    memory = filled()
    assert memory.insert("a", b"1", 10.0, 0.0) is True
    assert memory.insert("a", b"2", 10.0, 9.0) is False
    assert memory.read("a", 9.0) == b"1"
    assert memory.insert("a", b"3", 10.0, 10.0) is True


def test_the_order_of_going_can_be_another():
    class Newest(LeastRecentlyUsed):
        def victim(self):
            return next(reversed(self._order))

    memory = Memory(2 * COST, 1000, Newest)
    for key in "abc":
        memory.write(key, bytes(100), 60.0, 0.0)
    assert held(memory) == "ac"


async def test_the_async_face_does_the_same():
    clock = FakeClock()
    store = MemoryStore(Memory(10_000, 1000), clock)
    await store.set("a", b"1", 10.0)
    assert await store.get("a") == b"1"
    assert await store.add("a", b"2", 10.0) is False
    await store.delete("a")
    assert await store.add("a", b"2", 10.0) is True
    clock.advance(10.0)
    assert await store.get("a") is None
    store.soon("a", b"3", 10.0)
    assert await store.get("a") == b"3"
    store.soon("a", None, 0.0)
    assert await store.get("a") is None
    await store.close()


class Memories(RuleBasedStateMachine):
    """A dict that forgets nothing may hold more, and never something else."""

    def __init__(self):
        super().__init__()
        self.memory = Memory(4 * COST, 200)
        self.now = 0.0
        self.told = {}

    @rule(key=st.sampled_from("abcdef"), size=st.integers(0, 250), ttl=st.floats(-1, 20))
    def write(self, key, size, ttl):
        self.memory.write(key, bytes(size), ttl, self.now)
        self.told[key] = (bytes(size), self.now + ttl)

    @rule(key=st.sampled_from("abcdef"))
    def insert(self, key):
        held_already = self.memory.read(key, self.now)
        if self.memory.insert(key, b"new", 5.0, self.now):
            assert held_already is None
            self.told[key] = (b"new", self.now + 5.0)

    @rule(key=st.sampled_from("abcdef"))
    def remove(self, key):
        self.memory.remove(key)
        self.told.pop(key, None)

    @rule(seconds=st.floats(0, 10))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def clear(self):
        self.memory.clear()
        assert (self.memory.size, len(self.memory)) == (0, 0)

    @invariant()
    def what_is_read_was_written_and_is_still_good(self):
        for key in "abcdef":
            value = self.memory.read(key, self.now)
            if value is not None:
                assert value == self.told[key][0]
                assert self.now < self.told[key][1]

    @invariant()
    def it_is_bounded(self):
        assert self.memory.size <= 4 * COST
        assert self.memory.size == self.memory.stats.bytes
        assert len(self.memory) == self.memory.stats.entries


TestMemories = Memories.TestCase


@pytest.mark.parametrize("keys", ["", "abc"])
def test_what_it_says_of_itself_is_right(keys):
    memory = filled(*keys)
    assert memory.snapshot()["entries"] == len(keys)
    assert f"{len(keys)} entries" in repr(memory)
