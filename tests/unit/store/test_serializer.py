import pickle
from contextlib import suppress

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.store.serializer import Unreadable, dumps, loads

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
    | st.binary(),
    st.lists,
    max_leaves=20,
)


@given(st.lists(PLAIN, max_size=5))
def test_a_record_comes_back_as_it_was(record):
    assert loads(dumps(record)) == record


@given(st.binary(max_size=200))
def test_whatever_else_is_there_is_unreadable_and_nothing_worse(data):
    for bytes_ in (data, b"\x01" + data):
        with suppress(Unreadable):
            assert isinstance(loads(bytes_), list)


@given(st.lists(PLAIN, min_size=1, max_size=5), st.data())
def test_a_record_that_was_cut_is_unreadable(record, data):
    whole = dumps(record)
    with pytest.raises(Unreadable):
        loads(whole[: data.draw(st.integers(0, len(whole) - 1))])


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("pickle was read",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x02" + msgpack.packb([1]),
        pickle.dumps(Evil()),
        b"\x01" + pickle.dumps(Evil()),
        b"\x01" + msgpack.packb({"a": 1}),
        b"\x01" + msgpack.packb([{"a": 1}]),
        b"\x01" + msgpack.packb([msgpack.Timestamp(1)]),
        b"\x01" + msgpack.packb([1]) + b"more",
        b"\x01" + msgpack.packb("text"),
        b"\x01\xdd\xff\xff\xff\xff",  # a list of 4 billion, it says
        b"\x01" + b"\x91" * 5000 + b"\xc0",
        b"\x01\x91\xa1\xff",  # no UTF-8
    ],
)
def test_what_this_never_writes_is_unreadable(data):
    with pytest.raises(Unreadable):
        loads(data)


@pytest.mark.parametrize("record", [[object()], [(1, 2)], [{1}]])
def test_only_plain_values_are_written(record):
    with pytest.raises(TypeError):
        dumps(record)
