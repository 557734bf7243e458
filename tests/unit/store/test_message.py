import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache.news import EVERYTHING, MOST_BANS, MOST_TAGS, Ban, News
from sidecar.store.message import MOST_BYTES, Message, _signature, decode, encode
from sidecar.store.serializer import dumps

SECRET = b"secret"
TAGS = st.lists(st.text(max_size=64), max_size=5).map(tuple)
A_BAN = st.builds(Ban, st.text(max_size=20), st.text(max_size=20), st.booleans())
BANS = st.lists(A_BAN, max_size=MOST_BANS)
NEWS = st.builds(News, TAGS, TAGS, BANS.map(tuple))


@given(NEWS)
def test_what_is_told_is_what_is_heard(news):
    message = Message("0123456789abcdef", news)
    assert decode(encode(message, SECRET), SECRET) == message


def test_the_most_that_is_told_is_heard():
    tags = tuple(f"{n:064d}" for n in range(MOST_TAGS))
    bans = tuple(Ban("u" * 100, f"/{n:01000d}", soft=False) for n in range(MOST_BANS))
    message = Message("me", News(tags, tags, bans))
    data = encode(message, SECRET)
    assert len(data) <= MOST_BYTES
    assert decode(data, SECRET) == message


@given(st.binary(max_size=200))
def test_what_is_no_message_is_none(data):
    assert decode(data, SECRET) is None


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_message_that_was_changed_is_none(place, change):
    data = bytearray(encode(Message("me", EVERYTHING), SECRET))
    data[place % len(data)] ^= change
    assert decode(bytes(data), SECRET) is None


def test_a_message_of_those_who_do_not_know_the_secret_is_none():
    assert decode(encode(Message("me", EVERYTHING), b"guessed"), SECRET) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x01\xc1",
        dumps([]),
        dumps(["me", [], []]),
        dumps(["me", [], [], [], []]),
        dumps([1, [], [], []]),
        dumps(["m" * 33, [], [], []]),
        dumps(["me", "tags", [], []]),
        dumps(["me", [1], [], []]),
        dumps(["me", ["t" * 65], [], []]),
        dumps(["me", ["t"] * (MOST_TAGS + 1), [], []]),
        dumps(["me", [], [], ["api", "/a"]]),
        dumps(["me", [], [], ["api", "/" * 3000, True]]),
        dumps(["me", [], [], ["api", "/", True] * (MOST_BANS + 1)]),
        dumps(["me", ["t" * 60] * 999, ["t" * 60] * 999, [], b"x" * MOST_BYTES]),
    ],
)
def test_of_those_who_know_the_secret_only_what_is_exactly_a_message_is_one(body):
    assert decode(_signature(body, SECRET) + body, SECRET) is None
