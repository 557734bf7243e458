import pytest

from sidecar.errors import BadResponse
from sidecar.transport.handshake import HandshakeReader

SWITCH = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: 1\r\n\r\n"
EARLY = b"HTTP/1.1 200 OK\r\n\r\n\x81\x02hi"  # whatever it looks like, it is not read as HTTP


@pytest.mark.parametrize("place", range(len(SWITCH)))
def test_a_101_is_read_however_it_is_cut_and_what_is_behind_it_is_kept(place):
    subject = HandshakeReader()
    for piece in (SWITCH[:place], SWITCH[place:] + EARLY):
        if piece:
            assert subject.head is None
            subject.feed(piece)
    assert subject.head is not None
    assert (subject.head.status, subject.head.reason) == (101, b"Switching")
    assert subject.head.headers == [
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"websocket"),
        (b"X-A", b"1"),
    ]
    assert subject.head.early == EARLY
    assert subject.complete
    assert not subject.head.persistent


@pytest.mark.parametrize("interim", [b"100 Continue", b"103 Early Hints\r\nLink: </a>"])
def test_an_interim_response_may_come_first(interim):
    subject = HandshakeReader()
    subject.feed(b"HTTP/1.1 " + interim + b"\r\n\r\n" + SWITCH + b"x")
    assert subject.head is not None
    assert (subject.head.status, subject.head.early) == (101, b"x")


def test_another_answer_is_read_like_any_response():
    subject = HandshakeReader()
    subject.feed(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
    assert subject.head is not None
    assert (subject.head.status, subject.take(), subject.complete) == (403, b"no", True)
    assert subject.head.persistent


@pytest.mark.parametrize(
    "data", [SWITCH.replace(b"/1.1", b"/1.0"), b"HTTP/1.1 199 x\r\n\r\nx", b"nothing of HTTP"]
)
def test_what_is_no_answer_to_a_handshake_is_refused(data):
    subject = HandshakeReader()
    with pytest.raises(BadResponse):
        subject.feed(data)
