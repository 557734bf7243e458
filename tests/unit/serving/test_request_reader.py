import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config import Limits
from sidecar.errors import BadRequest
from sidecar.serving.reader import RequestReader

GET = b"GET /a?b=%2C HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;e=1\r\nhe\r\n3\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
OFFER = (
    b"POST /h2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)
SOCKET = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def reader(**limits):
    return RequestReader(Limits(**limits), None, lambda: None)


def read(data, *, cuts=(), **limits):
    """What is read when the bytes come in these pieces: each request with its body."""
    subject, found = reader(**limits), []
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        found += subject.feed(data[start:end])
    return [(each.method, each.target, each.headers, each.body.take()) for each in found], subject


def test_fields_keep_order_case_and_duplicates():
    ((method, target, fields, body),), _ = read(GET)
    assert (method, target, body) == ("GET", "/a?b=%2C", b"")
    assert fields == [(b"Host", b"x"), (b"X-A", b"1"), (b"x-a", b"2")]


@given(
    st.lists(st.sampled_from([GET, POST, CHUNKED, OFFER]), min_size=1, max_size=4),
    st.lists(st.integers(0, 600), max_size=12),
)
def test_how_the_bytes_are_cut_makes_no_difference(messages, cuts):
    data = b"".join(messages)
    places = sorted(cut for cut in cuts if cut <= len(data))
    found, subject = read(data, cuts=places)
    assert found == [each for message in messages for each in read(message)[0]]
    assert (subject.current, subject.tail) == (None, None)


def test_a_body_is_given_out_as_it_comes_and_ends():
    subject = reader()
    (incoming,) = subject.feed(POST[:-3])
    assert (incoming.body.take(), incoming.body.take(), incoming.body.complete) == (
        b"he",
        None,
        False,
    )
    assert subject.feed(POST[-3:]) == []
    assert (incoming.body.take(), incoming.body.take()) == (b"llo", b"")
    assert incoming.body.is_over


def test_a_trailer_is_no_field_of_the_next_request():
    found, _ = read(CHUNKED + GET)
    assert [name for name, _ in found[1][2]] == [b"Host", b"X-A", b"x-a"]


def test_an_offer_of_another_protocol_is_passed_over():
    subject = reader()
    offer, after = subject.feed(OFFER + GET)
    assert (offer.switching, offer.body.take()) == (False, b"hello")
    assert after.target == "/a?b=%2C"


def test_of_two_offers_the_last_counts_and_the_body_is_read():
    two = OFFER.replace(b"Upgrade: h2c", b"Upgrade: websocket\r\nUpgrade: h2c")
    (offer,) = reader().feed(two)
    assert (offer.switching, offer.body.take()) == (False, b"hello")


def test_what_follows_a_handshake_is_kept_apart():
    subject = reader()
    (incoming,) = subject.feed(SOCKET + b"\x81\x80")
    assert incoming.switching
    assert subject.feed(b"more") == []
    assert subject.tail == b"\x81\x80more"


@pytest.mark.parametrize(
    ("version", "said", "modern", "keeps"),
    [(b"HTTP/1.1", "1.1", True, True), (b"HTTP/1.0", "1.0", False, False)],
)
def test_the_version_is_told(version, said, modern, keeps):
    (incoming,) = reader().feed(GET.replace(b"HTTP/1.1", version))
    assert (incoming.version, incoming.modern, incoming.keep_alive) == (said, modern, keeps)


NOT_HTTP = {
    "no request line": b"\x16\x03\x01\x02\x00",
    "space before a colon": GET.replace(b"X-A:", b"X-A :"),
    "folded field": GET.replace(b"X-A: 1", b"X-A: 1\r\n 2"),
    "bare line feed": GET.replace(b"1\r\n", b"1\n"),
    "NUL in a value": GET.replace(b": 1", b": \0"),
    "two lengths": POST.replace(b"Content-Length: 5", b"Content-Length: 5\r\nContent-Length: 6"),
    "length and coding": POST.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost"),
    "another protocol": GET.replace(b"HTTP/1.1", b"RTSP/1.0"),
    "unknown method": GET.replace(b"GET", b"GRAB"),
}


@pytest.mark.parametrize("data", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_no_valid_request_is_refused(data):
    with pytest.raises(BadRequest) as refused:
        reader().feed(data)
    assert refused.value.code == "bad_request"


def test_what_comes_together_with_broken_bytes_is_not_served():
    """One feed, one verdict: a request in front of them may be meant to hide them."""
    with pytest.raises(BadRequest):
        reader().feed(POST + b"\0")


def test_a_body_that_proves_broken_fails_whoever_reads_it():
    subject = reader()
    (incoming,) = subject.feed(CHUNKED[:-20])
    with pytest.raises(BadRequest):
        subject.feed(b"zz\r\n")
    with pytest.raises(BadRequest) as broken:
        incoming.body.take()
    assert broken.value.code == "bad_body"


LARGE = {
    "a long line": (GET.replace(b"/a", b"/" + b"a" * 2000), {"max_header_size": 1024}),
    "a long field": (GET.replace(b": 1", b": " + b"1" * 2000), {"max_header_size": 1024}),
    "many fields": (GET.replace(b"X-A", b"X-B: 1\r\n" * 20 + b"X-A"), {"max_headers": 10}),
    "a long head": (GET.replace(b"X-A", b"X-B: 1\r\n" * 200 + b"X-A"), {"max_header_total": 1024}),
    "no end": (GET[:-2] + b"X-B: 1\r\n" * 200, {"max_header_total": 1024}),
}


@pytest.mark.parametrize("step", [7, 10_000])
@pytest.mark.parametrize(("data", "limits"), LARGE.values(), ids=LARGE)
def test_a_head_beyond_the_limits_is_refused_however_it_comes(data, limits, step):
    with pytest.raises(BadRequest) as refused:
        read(data, cuts=tuple(range(step, len(data), step)), **limits)
    assert refused.value.code == "head_too_large"


@pytest.mark.parametrize(("data", "limits"), LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("before", [GET, POST, CHUNKED])
def test_a_large_head_behind_another_request_is_refused_wherever_it_is_cut(before, data, limits):
    for cut in range(0, len(before) + len(data), 37):
        with pytest.raises(BadRequest) as refused:
            read(before + data, cuts=(cut,), **limits)
        assert refused.value.code == "head_too_large"


def test_a_limit_is_of_one_head():
    found, _ = read(GET * 30, max_header_total=200)
    assert len(found) == 30
