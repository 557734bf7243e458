"""The edge functions: what they say about a message, and how they stream."""

import hashlib
import zlib

import pytest

from sidecar.demo.supabase.functions import PATTERN


async def test_echo_reports_the_message_as_it_arrived(call):
    headers = {"X-Dup": "1", "x_under": "2"}
    answer = await call("PUT", "/functions/v1/echo//a%2Cb?x=%2C&x=", data=b"abc", headers=headers)
    seen = await answer.json()
    assert (seen["method"], seen["target"]) == ("PUT", "/functions/v1/echo//a%2Cb?x=%2C&x=")
    assert ["X-Dup", "1"] in seen["headers"]
    assert ["x_under", "2"] in seen["headers"]
    digest = hashlib.sha256(b"abc").hexdigest()
    assert seen["body"] == {"length": 3, "framing": "length", "sha256": digest}


async def test_echo_answers_as_told(call):
    target = "/functions/v1/echo?status=418&header=X-A:1&header=X-A:2&header=Set-Cookie:c%3Dd"
    answer = await call("GET", target)
    assert (answer.status, answer.headers.getall("X-A")) == (418, ["1", "2"])
    assert answer.headers["Set-Cookie"] == "c=d"
    assert (await call("GET", "/functions/v1/echo?status=204")).status == 204


async def chunks():
    for size in (1, 1000, 70_000):
        yield b"x" * size


async def test_upload_counts_a_chunked_body(call):
    answer = await call("POST", "/functions/v1/upload", data=chunks())
    digest = hashlib.sha256(b"x" * 71_001).hexdigest()
    assert await answer.json() == {"length": 71_001, "framing": "chunked", "sha256": digest}


@pytest.mark.parametrize("size", [0, 1, 65_511, 65_512, 200_000])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_bytes_streams_the_pattern_in_the_framing_asked_for(call, framing, size):
    answer = await call("GET", f"/functions/v1/bytes?n={size}&framing={framing}")
    assert await answer.read() == (PATTERN * (size // 251 + 1))[:size]
    assert ("Content-Length" in answer.headers) == (framing == "length")


EVENTS = b"".join(b'id: %d\ndata: {"n":%d,"of":3}\n\n' % (n, n) for n in range(3))


async def test_events_are_sent(call):
    answer = await call("GET", "/functions/v1/sse?n=3&delay_ms=0")
    assert (answer.content_type, await answer.read()) == ("text/event-stream", EVENTS)


async def test_events_are_compressed_if_the_client_accepts_it(call):
    target = "/functions/v1/gzip-sse?n=3&delay_ms=0"
    zipped = await call("GET", target, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zlib.decompress(await zipped.read(), wbits=31) == EVENTS
    plain = await call("GET", target, headers={"Accept-Encoding": "identity"})
    assert await plain.read() == EVENTS


async def test_errors_and_delays(call):
    failed = await call("POST", "/functions/v1/error?status=429&relay=1")
    assert (failed.status, failed.headers["x-relay-error"]) == (429, "true")
    assert await (await call("GET", "/functions/v1/slow?ms=1")).json() == {"waited_ms": 1}
    assert (await call("GET", "/functions/v1/nothing")).status == 404
