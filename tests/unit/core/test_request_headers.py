import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.headers import is_instruction, read_request
from sidecar.errors import BadRequest

END_TO_END = [
    (b"Accept-Profile", b"public"),
    (b"X-Client-Info", b"a"),
    (b"x-client-info", b"b"),
    (b"file_offset", b"0"),
    (b"X-Bytes", b"\xff\x00\xe9"),
    (b"X-Client-Info", b"a"),
    (b"X-Empty", b""),
    (b"Authorization", b"Bearer x"),
    (b"Forwarded", b"for=1"),
    (b"Max-Forwards", b"1"),
    (b"Cookie", b"a=b"),
    (b"Proxy-Status", b"x"),
]
NAMES = st.sampled_from(
    [
        b"Connection",
        b"TE",
        b"Keep-Alive",
        b"Upgrade",
        b"Trailer",
        b"Expect",
        b"X-A",
        b"x-b",
        b"Authorization",
        b"Content-Type",
        b"Proxy-Connection",
        b"Transfer_Encoding",
        b"a_b",
        b"Close",
    ]
)
VALUES = st.sampled_from(
    [b"", b"close", b"x-a", b"X-A, x-b", b"keep-alive", b"host", b"100-continue"]
)
GOOD_HOSTS = [b"", b"a.test", b"A_b-c.test:8080", b"127.0.0.1:1", b"[::1]", b"[fe80::1]:80", b"a:"]
GOOD_HOSTS += [b"[v1.fe80::a+en1]:80", b"xn--caf-dma.test", b"%41.test", b"a!$&'()*+,;=~"]
BAD_HOSTS = [b"a b", b"a/b", b"http://a.test", b"user@a.test", b"a?b", b"a#b", b"a\\b", b"a:b"]
BAD_HOSTS += [b"::1", b"a:80:80", b"[::1", b"::1]", b"[a.test]", b"[::1]x", b'"a"', b"<a>", b"a%4"]
BAD_HOSTS += [b"a%zz", b"caf\xe9.test", b"caf\xc3\xa9.test", b"a\tb", b"a\x7f", b"a\0"]
HOSTS = st.sampled_from([b"", b"a.test", b"[::1]:80"])
OTHERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
ONE_HOST = st.lists(st.tuples(st.just(b"Host"), HOSTS), max_size=1)
FIELDS = st.builds(
    lambda *parts: [field for part in parts for field in part], OTHERS, ONE_HOST, OTHERS
)


def is_subsequence(part, whole):
    left = iter(whole)
    return all(field in left for field in part)


def test_end_to_end_fields_keep_order_case_duplicates_and_bytes():
    assert read_request(END_TO_END).forwarded == END_TO_END


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Upgrade",
        "Host",
        "Expect",
        "Transfer_Encoding",
        "Content_Length",
    ],
)
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_hop_by_hop_fields_and_aliases_of_framing_stay_here(name, case):
    odd = case(name).encode()
    assert read_request([(b"A", b"1"), (odd, b"x"), (b"B", b"2")]).forwarded == [
        (b"A", b"1"),
        (b"B", b"2"),
    ]


@pytest.mark.parametrize(
    "name", [b"content-lengths", b"x-transfer_encoding", b"te-x", b"user_agent"]
)
def test_a_name_that_only_resembles_one_is_kept(name):
    assert read_request([(name, b"x")]).forwarded == [(name, b"x")]


@pytest.mark.parametrize(
    ("connection", "kept"),
    [
        ([b"close"], [b"X-A", b"X-B"]),
        ([b"x-a"], [b"X-B"]),
        ([b" X-A ,\tx-b"], []),
        ([b"x-a", b"X-B"], []),
        ([b"keep-alive, , x-a,"], [b"X-B"]),
        ([b"x-a x-b"], [b"X-A", b"X-B"]),
        ([b""], [b"X-A", b"X-B"]),
    ],
)
def test_fields_that_connection_names_stay_here_wherever_it_stands(connection, kept):
    fields = [(b"X-A", b"1"), *((b"Connection", value) for value in connection), (b"X-B", b"2")]
    assert [name for name, _ in read_request(fields).forwarded] == kept


def test_connection_cannot_take_away_the_length_or_the_host():
    head = read_request(
        [
            (b"Connection", b"content-length, host, X-A"),
            (b"Host", b"h"),
            (b"Content-Length", b"3"),
            (b"x-a", b"1"),
        ]
    )
    assert head.forwarded == [(b"Content-Length", b"3")]
    assert (head.host, head.length) == (b"h", 3)


@given(FIELDS)
def test_what_is_forwarded_is_a_subsequence_of_what_came(fields):
    forwarded = read_request(fields).forwarded
    assert is_subsequence(forwarded, fields)
    named = {
        token.strip().lower()
        for name, value in fields
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    for field in fields:
        if field[0] in {b"X-A", b"x-b", b"Authorization", b"Content-Type", b"a_b"}:
            assert (field in forwarded) is (field[0].lower() not in named)


@given(FIELDS)
def test_reading_what_was_forwarded_changes_nothing_more(fields):
    once = read_request(fields).forwarded
    assert read_request(once).forwarded == once


@given(FIELDS)
def test_the_fields_that_came_are_not_touched(fields):
    copy = list(fields)
    read_request(fields)
    assert fields == copy


@pytest.mark.parametrize(
    ("fields", "length", "chunked"),
    [
        ([], None, False),
        ([(b"content-length", b"0")], 0, False),
        ([(b"CONTENT-LENGTH", b"0012")], 12, False),
        ([(b"Transfer-Encoding", b"chunked")], None, True),
        ([(b"transfer-encoding", b" Chunked ")], None, True),
    ],
)
def test_framing_is_read(fields, length, chunked):
    head = read_request(fields)
    assert (head.length, head.chunked) == (length, chunked)


@pytest.mark.parametrize("value", [b"", b"-1", b"+1", b"1.0", b"0x1", b"1,1", b"1 1", b"\xb2"])
def test_a_length_that_is_no_number_is_refused(value):
    with pytest.raises(BadRequest) as caught:
        read_request([(b"Content-Length", value)])
    assert (caught.value.code, caught.value.status) == ("unsupported_framing", 400)


@pytest.mark.parametrize(
    "value", [b"gzip", b"gzip, chunked", b"chunked, chunked", b"identity", b""]
)
def test_another_transfer_coding_is_refused(value):
    with pytest.raises(BadRequest) as caught:
        read_request([(b"Transfer-Encoding", value)])
    assert (caught.value.code, caught.value.status) == ("unsupported_framing", 501)


@pytest.mark.parametrize(
    ("value", "answer"), [(b"100-Continue", True), (b"x", False), (b"", False)]
)
def test_expectation_is_read(value, answer):
    assert read_request([(b"Expect", value)]).expects_continue is answer


def test_upgrade_is_read_in_lower_case():
    assert read_request([(b"Upgrade", b" WebSocket")]).upgrade == b"websocket"


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_a_host_is_a_name_or_an_address_with_or_without_a_port(host):
    assert read_request([(b"Host", host)]).host == host


@pytest.mark.parametrize("second", [b"a.test", b"b.test", b""])
def test_a_second_host_is_refused_whatever_it_says(second):
    with pytest.raises(BadRequest, match="one host name"):
        read_request([(b"Host", b"a.test"), (b"X-A", b"1"), (b"host", second)])


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_host_that_is_none_is_refused(host):
    with pytest.raises(BadRequest) as caught:
        read_request([(b"Host", host)])
    assert (caught.value.code, caught.value.status) == ("bad_request", 400)


@pytest.mark.parametrize(
    "name", [b"X-Sidecar-Timeout", b"x-sidecar-x", b"X-SIDECAR-", b"X-Sidecar-Cache-Control"]
)
def test_fields_for_the_sidecar_are_known_and_kept_for_the_layers(name):
    assert is_instruction(name)
    assert read_request([(name, b"1")]).forwarded == [(name, b"1")]


@pytest.mark.parametrize("name", [b"X-Sidecar", b"X-Sidecars-A", b"X-Side-Car-A", b"Sidecar-A"])
def test_fields_that_only_resemble_those_are_not(name):
    assert not is_instruction(name)


@pytest.mark.parametrize(
    "fields",
    [
        [(b"Content-Length", b"1"), (b"Content-Length", b"2")],
        [(b"Content-Length", b"1"), (b"Transfer-Encoding", b"chunked")],
        [(b"Content-Length", b"9" * 5000)],
    ],
)
def test_framing_that_can_be_read_in_two_ways_is_refused(fields):
    with pytest.raises(BadRequest):
        read_request(fields)
