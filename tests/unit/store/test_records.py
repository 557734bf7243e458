from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.store.records import Record, decode, encode
from sidecar.store.serializer import dumps

number = st.floats(-1e12, 1e12)
line = st.binary(max_size=8).filter(lambda value: not {10, 13, 0} & set(value))
name = st.sampled_from([b"A", b"content-type", b"X-1"])
entries = st.builds(
    Entry,
    head=st.builds(Head, st.integers(200, 599), line, st.lists(st.tuples(name, line))),
    body=st.binary(),
    received_at=number,
    plan=st.builds(
        Plan,
        lifetime=number,
        age=number,
        stale_while=number,
        stale_error=number,
        ask_first=st.booleans(),
        never_stale=st.booleans(),
        vary=st.lists(st.binary()).map(tuple),
        keep=number,
    ),
    tags=st.lists(st.tuples(st.text(), st.integers(0, 2**53))).map(tuple),
    method=st.text(),
    upstream=st.text(),
    path=st.text(),
    cost=number,
)


@given(entries | st.lists(st.binary()).map(tuple), st.text())
def test_what_was_stored_comes_back(value, epoch):
    assert decode(encode(value, epoch)) == Record(value, epoch)


def test_the_fields_that_selected_an_answer_are_not_written_they_may_be_credentials():
    value = replace(EXAMPLE, plan=Plan(1.0, vary=(b"cookie",)), selecting=(b"session=C4nary",))
    record = encode(value, "e")
    assert b"C4nary" not in record
    assert b"C4nary" not in repr(value).encode()
    assert decode(record) == Record(replace(value, selecting=()), "e")


@given(st.binary())
def test_no_bytes_make_it_raise(data):
    decode(data)
    decode(b"\x01" + data)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=20,
)


@given(st.lists(plain, max_size=16), st.sampled_from(["entry", "vary", 7]))
def test_no_record_of_another_shape_makes_it_raise(parts, kind):
    decode(dumps([kind, "epoch", *parts]))
    decode(dumps(parts))


EXAMPLE = Entry(Head(200, b"OK", [(b"A", b"b")]), b"body", 1.0, Plan(1.0), tags=(("t", 1),))


@given(st.data())
def test_a_record_that_was_changed_anywhere_is_none_or_still_sound(data):
    """Whatever comes back can be served."""
    raw = bytearray(encode(EXAMPLE, "e"))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    found = decode(bytes(raw))
    if found is not None and isinstance(found.value, Entry):
        entry = found.value
        assert 200 <= entry.head.status <= 599
        assert all(b"\r" not in v and b"\n" not in v for field in entry.head.headers for v in field)
        int(entry.age(2.0)), entry.expires_at, entry.size


@pytest.mark.parametrize(
    "entry",
    [
        EXAMPLE.__class__(Head(200, b"OK", [(b"A\r\nSet-Cookie", b"x")]), b"", 1.0, Plan(1.0)),
        EXAMPLE.__class__(Head(200, b"OK", [(b"A", b"x\r\nB: c")]), b"", 1.0, Plan(1.0)),
        EXAMPLE.__class__(Head(200, b"OK", [(b"A: b", b"x")]), b"", 1.0, Plan(1.0)),
        EXAMPLE.__class__(Head(200, b"O\nK", []), b"", 1.0, Plan(1.0)),
        EXAMPLE.__class__(Head(101, b"OK", []), b"", 1.0, Plan(1.0)),
        EXAMPLE.__class__(Head(200, b"OK", []), b"", float("inf"), Plan(1.0)),
        EXAMPLE.__class__(Head(200, b"OK", []), b"", 1.0, Plan(float("nan"))),
    ],
)
def test_a_record_that_could_do_harm_is_none(entry):
    assert decode(encode(entry, "")) is None
