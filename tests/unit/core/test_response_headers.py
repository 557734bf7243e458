import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.headers import options, read_response

END_TO_END = [
    (b"Set-Cookie", b"a=1"),
    (b"content-type", b"text/plain; charset=latin-1"),
    (b"Set-Cookie", b"b=2"),
    (b"X-Bytes", b"\xe9\xff"),
    (b"set-cookie", b"a=1"),
    (b"Transfer_Encoding", b"x"),
    (b"Content-Length", b"3"),
    (b"Proxy-Status", b"PostgREST; error=PGRST116"),
    (b"WWW-Authenticate", b"Bearer"),
    (b"X-Goog-Upload-URL", b"https://x.test/"),
]
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"Connection", b"X-A", b"Keep-Alive", b"Trailer", b"Set-Cookie", b"Upgrade"]
        ),
        st.sampled_from([b"", b"close", b"x-a, trailer", b"timeout=5", b"set-cookie"]),
    ),
    max_size=10,
)


def test_end_to_end_fields_keep_order_case_duplicates_and_bytes():
    assert read_response(END_TO_END).forwarded == END_TO_END


@pytest.mark.parametrize(
    "name",
    [
        b"Connection",
        b"KEEP-ALIVE",
        b"Proxy-Connection",
        b"proxy-authenticate",
        b"TE",
        b"Trailer",
        b"Transfer-Encoding",
        b"Upgrade",
        b"Proxy-Authorization",
    ],
)
def test_hop_by_hop_fields_stay_here(name):
    assert read_response([(b"A", b"1"), (name, b"x")]).forwarded == [(b"A", b"1")]


def test_fields_that_connection_names_stay_here_but_never_the_length():
    fields = [(b"X-A", b"1"), (b"Connection", b"x-a, Content-Length"), (b"Content-Length", b"3")]
    head = read_response(fields)
    assert head.forwarded == [(b"Content-Length", b"3")]
    assert head.lengths == (b"3",)


@given(FIELDS)
def test_what_is_forwarded_is_a_subsequence_of_what_came(fields):
    left = iter(fields)
    assert all(field in left for field in read_response(fields).forwarded)


def test_every_length_and_all_codings_are_reported_as_sent():
    head = read_response(
        [
            (b"Content-Length", b"1"),
            (b"content-length", b"02"),
            (b"Transfer-Encoding", b"GZIP"),
            (b"transfer-encoding", b"Chunked"),
        ]
    )
    assert head.lengths == (b"1", b"02")
    assert head.transfer_encoding == b"gzip, chunked"


def test_an_empty_coding_is_not_the_absence_of_one():
    assert read_response([(b"Transfer-Encoding", b"")]).transfer_encoding == b""
    assert read_response([]).transfer_encoding is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"timeout=5", 5.0),
        (b"timeout=5, max=100", 5.0),
        (b"max=100,TIMEOUT = 75 ", 75.0),
        (b"timeout=0", 0.0),
        (b"max=100", None),
        (b"timeout=", None),
        (b"timeout=-1", None),
        (b"timeout=1.5", None),
        (b"timeout=\xb2", None),
        (b"timeouts=5", None),
        (b"", None),
    ],
)
def test_announced_idle_time_is_read(value, seconds):
    assert read_response([(b"Keep-Alive", value)]).keep_alive_timeout == seconds


def test_options_of_connection_are_lower_case_and_not_empty():
    assert options(b",Close, ,X-A\t,") == {b"close", b"x-a"}
