"""The names of other protocols: refused in a request line, and nobody's business in a body."""

import pytest

from sidecar.config import Limits
from sidecar.errors import BadRequest
from sidecar.serving.reader import RequestReader

BODY = b"PLAY /p RTSP/1.0"
POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


def read(data):
    return RequestReader(Limits(), None, lambda: None).feed(data)


def test_a_body_may_speak_of_another_protocol_and_of_its_own_target():
    (incoming,) = read(POST)
    assert incoming.body.take() == BODY


@pytest.mark.parametrize(
    "before", [b"", b"\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_a_request_of_another_protocol_is_refused(before):
    with pytest.raises(BadRequest):
        read(before + b"GET /p RTSP/1.0\r\nHost: x\r\n\r\n")
