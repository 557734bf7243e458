import pytest

from sidecar.core.headers import read_request
from sidecar.core.websocket import (
    SWITCH,
    accept_of,
    check_handshake,
    check_switch,
    switch_headers,
)
from sidecar.errors import BadRequest, BadResponse

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
ASKED = {
    b"Host": b"a.test",
    b"Connection": b"keep-alive, Upgrade",
    b"Upgrade": b"WebSocket",
    b"Sec-WebSocket-Version": b"13",
    b"Sec-WebSocket-Key": KEY,
}
ANSWERED = {
    b"Connection": b"upgrade",
    b"Upgrade": b"WebSocket",
    b"Sec-WebSocket-Accept": ACCEPT,
}


def check(changes, method="GET", *, modern=True):
    fields = list({**ASKED, **changes}.items())
    check_handshake(method, fields, read_request(fields), modern=modern)


def test_the_example_of_the_rfc_is_accepted():
    """RFC 6455 §1.3."""
    assert accept_of(KEY) == ACCEPT
    check({})
    check_switch(list(ASKED.items()), list(ANSWERED.items()))


@pytest.mark.parametrize(
    ("changes", "method", "modern"),
    [
        ({}, "POST", True),
        ({}, "HEAD", True),
        ({}, "GET", False),
        ({b"Content-Length": b"1"}, "GET", True),
        ({b"Transfer-Encoding": b"chunked"}, "GET", True),
        ({b"Connection": b"close"}, "GET", True),
        ({b"upgrade": b"websocket"}, "GET", True),
        ({b"Sec-WebSocket-Key": b""}, "GET", True),
        ({b"Sec-WebSocket-Key": b"AAAA"}, "GET", True),
        ({b"Sec-WebSocket-Key": KEY + b"="}, "GET", True),
        ({b"Sec-WebSocket-Key": KEY[:-2] + b"AA"}, "GET", True),
        ({b"Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25j!!=="}, "GET", True),
        ({b"sec-websocket-key": KEY}, "GET", True),
    ],
)
def test_what_is_no_handshake_is_refused(changes, method, modern):
    with pytest.raises(BadRequest) as caught:
        check(changes, method, modern=modern)
    assert (caught.value.status, caught.value.code) == (400, "bad_request")


@pytest.mark.parametrize("version", [b"", b"8", b"013", b"13, 8", b"14"])
def test_another_version_is_refused_with_426(version):
    with pytest.raises(BadRequest) as caught:
        check({b"Sec-WebSocket-Version": version})
    assert (caught.value.status, caught.value.code) == (426, "upgrade_unsupported")


@pytest.mark.parametrize(
    "changes", [{b"Content-Length": b"0"}, {b"Sec-WebSocket-Key": KEY + b" "}, {b"Origin": b"x"}]
)
def test_what_does_no_harm_passes(changes):
    check(changes)


def judge(answered, offered=()):
    check_switch([*ASKED.items(), *offered], list({**ANSWERED, **answered}.items()))


@pytest.mark.parametrize(
    "answered",
    [
        {b"Upgrade": b"h2c"},
        {b"upgrade": b"websocket"},
        {b"Connection": b"keep-alive"},
        {b"Sec-WebSocket-Accept": ACCEPT.lower()},
        {b"sec-websocket-accept": ACCEPT},
        {b"Sec-WebSocket-Protocol": b"chat"},
        {b"Sec-WebSocket-Extensions": b"permessage-deflate"},
        {b"Content-Length": b"3"},
        {b"Transfer-Encoding": b"chunked"},
    ],
)
def test_a_101_that_a_client_must_refuse_is_refused(answered):
    with pytest.raises(BadResponse) as caught:
        judge(answered)
    assert caught.value.code == "bad_response"


@pytest.mark.parametrize(
    ("offered", "answered", "good"),
    [
        ((b"Sec-WebSocket-Protocol", b"a, chat ,b"), (b"Sec-WebSocket-Protocol", b"chat"), True),
        ((b"Sec-WebSocket-Protocol", b"a,chat"), (b"Sec-WebSocket-Protocol", b"Chat"), False),
        ((b"Sec-WebSocket-Protocol", b"a,chat"), (b"Sec-WebSocket-Protocol", b"a, chat"), False),
        ((b"Sec-WebSocket-Protocol", b"a"), (b"X-None", b""), True),
        (
            (b"Sec-WebSocket-Extensions", b"x, permessage-deflate; client_max_window_bits"),
            (b"Sec-WebSocket-Extensions", b"permessage-deflate; server_max_window_bits=12"),
            True,
        ),
        (
            (b"Sec-WebSocket-Extensions", b"permessage-deflate"),
            (b"Sec-WebSocket-Extensions", b"permessage-deflate, x"),
            False,
        ),
    ],
)
def test_only_what_was_offered_may_be_chosen(offered, answered, good):
    if good:
        judge(dict([answered]), [offered])
    else:
        with pytest.raises(BadResponse):
            judge(dict([answered]), [offered])


def test_the_fields_of_a_101_for_the_client_hold_no_length_and_nothing_of_the_hop():
    answered = [
        (b"Set-Cookie", b"a"),
        (b"Connection", b"Upgrade, X-Hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Set-Cookie", b"b"),
        (b"Content-Length", b"0"),
        (b"Sec-WebSocket-Accept", ACCEPT),
    ]
    assert switch_headers(answered) == [
        *SWITCH,
        (b"Set-Cookie", b"a"),
        (b"Set-Cookie", b"b"),
        (b"Sec-WebSocket-Accept", ACCEPT),
    ]
