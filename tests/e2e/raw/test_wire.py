"""What reaches the simulated project, byte for byte, when no client library is in between."""

import hashlib
import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sidecar.config import Address
from tests.e2e.raw.cases import FN, GZIPPED
from tests.e2e.supabase.project import make
from tests.e2e.ways import THROUGH, WAYS, reached
from tests.support.raw import RawClient, ask, call, connected

TARGETS = [
    f"{FN}/echo?select=a%2Cb&x=c,d",
    f"{FN}/echo//x//y",
    f"{FN}/echo/%zz?x=%zz&y=%",
    f"{FN}/echo/a/../b/./c",
    f"{FN}/echo/%2e%2e/%2F%5C",
    f"{FN}/echo?a=1&a=2&a=&b&=c&&",
    f"{FN}/echo?",
    f"{FN}/echo?q=a+b&r=%20&s=%2B&t=~%7E",
    f"{FN}/echo?or=(id.eq.1,and(b.gt.2,c.in.(x,y)))&like=*foo*&j=a->>b",
    f"{FN}/echo/models/m:generate;v=1,2@$'()*!?x=[^]|",
]
FIELDS = [
    "x-lower: 1",
    "X-Dup: one",
    "x-dup: two",
    "X-Dup: three",
    "x_under_score: 1",
    "X-Empty:",
    "X-Latin: caf\xe9",
    "X-Client-Info: a",
    "X-Client-Info: b",
    "User-Agent: wire/1",
    "Accept-Encoding: gzip;q=0",
    "Cookie: a=1",
    "Cookie: b=2",
]

OF_ONE_HOP = [
    "Connection: keep-alive, X-Mine",
    "X-Mine: 1",
    "Keep-Alive: timeout=5",
    "TE: trailers",
]


@pytest.fixture(scope="module", params=WAYS)
def place(request: pytest.FixtureRequest) -> Iterator[tuple[Address, str]]:
    """The address to connect to, and what to put before every target."""
    with reached(request.param, "supabase", make) as base_url:
        parts = urlsplit(base_url)
        yield Address(parts.hostname or "", parts.port or 0), parts.path


def sent(place: tuple[Address, str], method: str, target: str, *fields: str, **more) -> bytes:
    address, prefix = place
    return call(method, prefix + target, *fields, host=str(address), **more)


async def echoed(place: tuple[Address, str], target: str, *fields: str):
    answer = await ask(place[0], sent(place, "GET", target, *fields))
    assert answer.status == 200, answer.head + answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize("target", TARGETS)
async def test_targets_arrive_byte_for_byte(place, target):
    assert (await echoed(place, target))["target"] == target


async def test_headers_arrive_in_order_with_their_case_duplicates_and_bytes(place):
    seen = (await echoed(place, f"{FN}/echo", *FIELDS))["headers"]
    others = [f"{name}: {value}".rstrip() for name, value in seen if name.lower() != "host"]
    assert others == FIELDS


@pytest.mark.parametrize("way", THROUGH)
async def test_fields_of_one_hop_end_at_the_sidecar(way):
    with reached(way, "supabase", make) as base_url:
        parts = urlsplit(base_url)
        here = Address(parts.hostname or "", parts.port or 0), parts.path
        seen = (await echoed(here, f"{FN}/echo", *OF_ONE_HOP, "X-Kept: 1"))["headers"]
    assert [name for name, _ in seen if name.lower() not in ("host", "connection")] == ["X-Kept"]


@pytest.mark.parametrize("status", [204, 304])
async def test_bodyless_answers_leave_the_connection_usable(place, status):
    async with connected(place[0]) as client:
        for _ in range(3):
            await client.send(sent(place, "GET", f"{FN}/echo?status={status}"))
            answer = await client.response()
            assert (answer.status, answer.body) == (status, b"")
            await client.send(sent(place, "HEAD", f"{FN}/bytes?n=4321"))
            answer = await client.response(bodyless=True)
            assert (answer.status, answer.value("content-length")) == (200, "4321")


async def test_a_hundred_requests_share_one_connection(place):
    async with connected(place[0]) as client:
        for number in range(100):
            await client.send(sent(place, "GET", f"{FN}/bytes?n={number}"))
            assert len((await client.response()).body) == number


async def test_framing_of_answers_is_kept(place):
    framed = await ask(place[0], sent(place, "GET", f"{FN}/bytes?n=500000"))
    chunked = await ask(place[0], sent(place, "GET", f"{FN}/bytes?n=500000&framing=chunked"))
    assert framed.value("content-length") == "500000"
    assert not framed.values("transfer-encoding")
    assert chunked.value("transfer-encoding") == "chunked"
    assert not chunked.values("content-length")
    assert framed.body == chunked.body


async def test_chunked_uploads_stay_chunked(place):
    pieces = [b"a", b"bc" * 500, b"d" * 70_000]
    chunks = [b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""]]
    head = sent(place, "POST", f"{FN}/upload", "Transfer-Encoding: chunked")
    assert await uploaded(place, head + b"".join(chunks)) == summary(b"".join(pieces), "chunked")


async def test_length_framed_uploads_stay_so(place):
    content = bytes(range(256)) * 1000
    request = sent(place, "PUT", f"{FN}/upload", content=content)
    assert await uploaded(place, request) == summary(content, "length")


async def uploaded(place, request: bytes):
    return json.loads((await ask(place[0], request)).body)


def summary(content: bytes, framing: str):
    digest = hashlib.sha256(content).hexdigest()
    return {"length": len(content), "framing": framing, "sha256": digest}


@pytest.mark.parametrize("size", [5, 300_000])
async def test_expect_100_continue_is_answered_before_the_body(place, size):
    fields = ("Expect: 100-continue", f"Content-Length: {size}")
    async with connected(place[0]) as client:
        await client.send(sent(place, "POST", f"{FN}/upload", *fields))
        assert (await client.head()).startswith(b"HTTP/1.1 100 ")
        await client.send(b"x" * size)
        answer = await client.response()
    assert json.loads(answer.body) == summary(b"x" * size, "length")


async def test_a_compressed_request_body_is_not_touched(place):
    request = sent(place, "POST", f"{FN}/upload", "Content-Encoding: gzip", content=GZIPPED)
    assert await uploaded(place, request) == summary(GZIPPED, "length")


@pytest.mark.parametrize("name", ["sse", "gzip-sse"])
async def test_each_event_is_flushed_when_it_happens(place, name):
    request = sent(place, "GET", f"{FN}/{name}?n=4&delay_ms=100", "Accept-Encoding: gzip")
    async with connected(place[0]) as client:
        await client.send(request)
        await client.head()
        assert await arrivals(client) >= 0.2


async def arrivals(client: RawClient) -> float:
    """Seconds between the first event and the last."""
    times = []
    while await client.chunk():
        times.append(time.monotonic())
    assert len(times) >= 4
    return times[-1] - times[0]
