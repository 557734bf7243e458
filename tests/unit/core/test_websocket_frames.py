from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.websocket_frames import Frames, close_frame
from tests.support.websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

MASK = b"\x01\x02\x03\x04"
SIZES = st.sampled_from([0, 1, 125, 126, 127, 300, 65535, 65536])
ANY = st.tuples(st.sampled_from([CONTINUATION, TEXT, BINARY, PING, PONG]), SIZES, st.booleans())


def cut(data, places):
    """`data` in pieces."""
    bounds = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(bounds)]


@given(st.lists(ANY, max_size=6), st.lists(st.integers(0, 10**6), max_size=8), st.booleans())
def test_frames_are_followed_however_they_are_cut(frames, places, masked):
    mask = MASK if masked else None
    whole = [
        frame(opcode, b"x" * size, fin=fin or opcode >= CLOSE, mask=mask)
        for opcode, size, fin in frames
    ]
    ends = {0, *accumulate(len(each) for each in whole)}
    subject, passed = Frames(masked=masked), 0
    for piece in cut(b"".join(whole), places):
        assert subject.feed(piece) == len(piece)
        passed += len(piece)
        assert subject.is_between == (passed in ends)
    assert subject.messages == sum(fin and opcode < CLOSE for opcode, _, fin in frames)
    assert not subject.closed
    assert not subject.broken


@given(st.lists(ANY, min_size=1, max_size=4), st.integers(1, 10**6))
def test_the_end_of_the_frame_under_way_is_found(frames, place):
    whole = [frame(opcode, b"x" * size) for opcode, size, _ in frames]
    data = b"".join(whole)
    place = 1 + place % len(data)
    subject = Frames(masked=False)
    subject.feed(data[:place])
    end = next(end for end in (0, *accumulate(len(each) for each in whole)) if end >= place)
    assert subject.feed_to_end(data[place:]) == end - place
    assert subject.is_between


@given(st.integers(0, 200), st.lists(st.integers(0, 200), max_size=4))
def test_a_close_frame_counts_when_it_has_come_to_its_end(size, places):
    data = frame(CLOSE, b"x" * (size % 126), mask=MASK)
    subject = Frames(masked=True)
    for piece in cut(data[:-1], places):
        subject.feed(piece)
        assert not subject.closed
    subject.feed(data[-1:])
    assert subject.closed
    assert subject.messages == 0


def test_a_close_frame_without_a_payload_counts():
    subject = Frames(masked=False)
    subject.feed(frame(CLOSE))
    assert subject.closed


@given(st.lists(st.integers(0, 10**4), max_size=6))
def test_nothing_goes_on_from_the_first_frame_that_is_not_masked(places):
    good = frame(TEXT, b"good", mask=MASK) + frame(PING, b"", mask=MASK)
    bad = frame(TEXT, b"bad") + frame(TEXT, b"good again", mask=MASK) + frame(CLOSE, mask=MASK)
    subject, passed = Frames(masked=True), b""
    for piece in cut(good + bad, places):
        if not subject.broken:
            passed += piece[: subject.feed(piece)]
        else:
            subject.feed(piece)
    assert subject.broken
    assert passed.startswith(good)
    assert len(passed) - len(good) <= 1  # of its head, where that came in pieces
    assert subject.closed  # it is still followed, to its end


def test_frames_of_an_upstream_need_no_mask_and_may_have_one():
    subject = Frames(masked=False)
    subject.feed(frame(TEXT, b"x") + frame(TEXT, b"x", mask=MASK))
    assert not subject.broken
    assert subject.messages == 2


@pytest.mark.parametrize("mask", [None, MASK])
def test_the_close_frame_is_what_anybody_else_would_send(mask):
    payload = (1001).to_bytes(2, "big") + b"going away"
    assert close_frame(1001, "going away", mask) == frame(CLOSE, payload, mask=mask)


def test_a_reason_that_is_too_long_is_cut():
    made = close_frame(1001, "x" * 200)
    assert len(made) == 2 + 125
