"""What the sidecar heeds of what a client says on a WebSocket, however it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.websocket_talk import CLOSE, PING, PONG, TEXT, BrokenFrames, Control, Heard
from tests.support.websocket_frames import frame

MASK = b"\x01\x02\x03\x04"


def said(opcode, payload, **more):
    return frame(opcode, payload, mask=MASK, **more)


frames = st.one_of(
    st.tuples(st.just(TEXT), st.binary(max_size=300)),
    st.tuples(st.sampled_from([CLOSE, PING, PONG]), st.binary(max_size=125)),
)


@given(st.lists(frames, max_size=20), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_control_frames_are_found_between_messages_however_the_bytes_arrive(spoken, sizes):
    data = b"".join(said(opcode, payload) for opcode, payload in spoken)
    heard, found, at = Heard(), [], 0
    while at < len(data):
        for size in sizes:
            found += heard.feed(data[at : at + size])
            at += size
    assert found == [Control(*each) for each in spoken if each[0] != TEXT]
    assert found == Heard().feed(data)
    assert repr(heard) == "<Heard 0 begun, 0 to skip>"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x01x", 1002),  # not masked
        (said(TEXT, b"x", rsv=4), 1002),  # a bit of an extension
        (said(PING, b"x", fin=False), 1002),  # a control frame in parts
        (said(PING, b"x" * 126), 1002),
        (said(TEXT, b"x" * 4097), 1009),
        (b"\x81\xff" + bytes(3) + b"\x01" + bytes(8), 1009),
    ],
)
def test_what_a_client_may_not_send_is_told_with_the_code_to_close_with(data, code):
    with pytest.raises(BrokenFrames) as broken:
        Heard().feed(said(PING, b"before") + data)
    assert broken.value.code == code
