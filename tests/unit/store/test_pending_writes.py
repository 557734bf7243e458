"""What waits to be written: the newest of each key, bounded, the needed first."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.store.pending import Pending, Write


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
