"""Interim responses, of old servers too: passed over, and nothing else with them."""

import pytest

from sidecar.errors import BadResponse
from sidecar.transport.wire import ResponseReader
from tests.support.responses import reader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_interim_responses_are_passed_over():
    subject = reader(
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    )
    assert (subject.head, subject.complete, subject.started) == (None, False, True)
    subject.feed(OK)
    assert (subject.head.status, subject.head.headers) == (200, [(b"Content-Length", b"2")])
    assert (subject.head.reason, subject.take()) == (b"OK", b"ok")


OLD = b"HTTP/1.0 100 Continue\r\n\r\n", b"HTTP/1.0 102 P\r\nX-A: 1\r\n\r\n"


@pytest.mark.parametrize("final", [b"HTTP/1.0 200 OK", b"HTTP/1.1 200 OK"])
@pytest.mark.parametrize("size", [1, 2, 7, 26, 1000])
def test_interim_responses_of_an_old_server_are_skipped_however_they_are_cut(final, size):
    """RFC 9110 §15.2: a client must be able to read them, even unexpected ones."""
    data = b"".join(OLD) + final + b"\r\nContent-Length: 2\r\n\r\nok"
    reader = ResponseReader("GET")
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    assert (reader.head.status, reader.take(), reader.complete) == (200, b"ok", True)
    assert reader.head.persistent is (final[7:8] == b"1")
    assert not reader.surplus


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 101 S\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.0 1000 X\r\n\r\n",
        b"HTTP/1.0 100 C\nX: 1\r\n\r\n",
        b"HTTP/1.0 100 C\r\nX: " + b"a" * 300_000,
        OLD[0] + b"RTSP/1.0 200 OK\r\n\r\n",
    ],
    ids=["switch", "status", "bare line feed", "endless", "then another protocol"],
)
def test_what_only_begins_like_one_is_refused(data):
    with pytest.raises(BadResponse):
        ResponseReader("GET").feed(data)


def test_an_old_interim_response_is_no_answer():
    reader = ResponseReader("GET")
    reader.feed(OLD[0])
    assert (reader.head, reader.started, reader.complete) == (None, True, False)
    assert reader.ended(reused=True).code == "upstream_reset"
