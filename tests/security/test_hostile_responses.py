"""An upstream that means harm: its bytes stay one answer to one request, or become an error.

Invalid heads are in tests/integration/test_bad_responses.py.
"""

import asyncio
import gzip
import json

import pytest

from sidecar.config import Retry
from tests.support.builders import one_upstream
from tests.support.process import PeakMemory
from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, body, generate, message, reply, send, wait
from tests.support.upstream import Upstream

HEAD = b"HTTP/1.1 200 OK\r\n"
SIZED = b"Content-Length: 2\r\n\r\nok"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
EVIL = message(b"evil", b"Set-Cookie: evil=1")

BROKEN = {
    "line feed behind a size": b"2\nok\r\n0\r\n\r\n",
    "return behind a size": b"2\rok\r\n0\r\n\r\n",
    "line feed behind a chunk": b"2\r\nok\n0\r\n\r\n",
    "line feed at the end": b"2\r\nok\r\n0\n\n",
    "nothing behind a chunk": b"2\r\nok0\r\n\r\n",
    "signed size": b"+2\r\nok\r\n0\r\n\r\n",
    "negative size": b"-2\r\nok\r\n0\r\n\r\n",
    "prefixed size": b"0x2\r\nok\r\n0\r\n\r\n",
    "blank before a size": b" 2\r\nok\r\n0\r\n\r\n",
    "blank behind a size": b"2 \r\nok\r\n0\r\n\r\n",
    "underscore in a size": b"0_2\r\nok\r\n0\r\n\r\n",
    "size beyond 64 bits": b"10000000000000002\r\nok\r\n0\r\n\r\n",
    "line feed in an extension": b"2;a=b\nok\r\n0\r\n\r\n",
    "line end in a quoted extension": b'2;a="\r\n"\r\nok\r\n0\r\n\r\n',
    "endless extension": b"2;a=" + b"x" * 600_000,
    "endless size": b"0" * 600_000,
    "endless trailers": b"2\r\nok\r\n0\r\n" + b"X-A: b\r\n" * 80_000,
    "length in the trailers": b"2\r\nok\r\n0\r\nContent-Length: 5\r\n\r\n",
    "answer in the trailers": b"2\r\nok\r\n0\r\n" + EVIL,
    "folded trailer": b"2\r\nok\r\n0\r\nX-A: a\r\n b\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BROKEN.values(), ids=BROKEN)
async def test_chunks_that_are_not_valid_never_look_like_a_whole_answer(chunks):
    async with proxied((body, send(CHUNKED + chunks)), reply(b"next")) as (sidecar, origin):
        async with connected(sidecar.proxy) as client:
            await client.send(get())
            answer = await client.response()
        assert answer.error == "bad_response" or answer.end != "framed"
        assert b"evil" not in answer.head + answer.body
        assert (await ask(sidecar.proxy, get())).body == b"next"
        assert len(origin.connections) == 2


CONTROLS = [*range(9), *range(11, 13), *range(14, 32), 127]


@pytest.mark.parametrize("value", CONTROLS)
async def test_a_control_in_a_field_is_no_answer(value):
    data = HEAD + b"X-A: a" + bytes([value]) + b"b\r\n" + SIZED
    async with proxied((body, send(data))) as (sidecar, _):
        assert (await ask(sidecar.proxy, get())).error == "bad_response"


@pytest.mark.parametrize(
    "field",
    [
        *(
            b'Transfer-Encoding: "chunked"',
            b"Transfer-Encoding: \x0bchunked",
            b"Content-Length: \x0b2",
        ),
        *(b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:", b"Content-Length: \xb22"),
        *(b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked;q=1", b"X\xe9: a"),
    ],
)
async def test_a_length_that_two_could_read_differently_is_no_answer(field):
    data = HEAD + field + b"\r\n" + SIZED
    async with proxied((body, send(data))) as (sidecar, _):
        assert (await ask(sidecar.proxy, get())).error == "bad_response"


BEYOND = {
    "behind a length": HEAD + SIZED,
    "behind the last chunk": CHUNKED + b"2\r\nok\r\n0\r\n\r\n",
    "behind a 304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "behind a 204": b"HTTP/1.1 204 No Content\r\n\r\n",
}


@pytest.mark.parametrize("data", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize("late", [False, True])
async def test_an_answer_that_nobody_asked_for_is_given_to_nobody(data, late):
    """Response splitting: the second answer would be the next caller's."""
    bytes_ = (send(data), wait(0.02), send(EVIL)) if late else (send(data + EVIL),)
    async with proxied((body, *bytes_), reply(b"next")) as (sidecar, origin):
        first = await ask(sidecar.proxy, get())
        assert b"evil" not in first.head + first.body
        await asyncio.sleep(0.05 if late else 0)
        answer = await ask(sidecar.proxy, get())
        assert (answer.body, answer.values("set-cookie")) == (b"next", [])
        assert len(origin.connections) == 2


async def test_an_answer_before_its_request_makes_no_later_answer_anothers():
    """Nobody can tell it from an answer; what it displaces comes while the connection is idle."""
    async with (
        Upstream(
            choose=lambda request: reply(request.target), greeting=(send(message(b"early")),)
        ) as origin,
        running_sidecar(one_upstream(origin.url)) as sidecar,
    ):
        for number in range(5):
            answer = await ask(sidecar.proxy, get(f"/api/{number}"))
            assert answer.error or answer.body in {b"early", b"/%d" % number}
            await asyncio.sleep(0.05)


async def test_fields_behind_a_body_are_none_of_the_head():
    chunks = b"2\r\nok\r\n0\r\nSet-Cookie: evil=1\r\nLocation: http://evil.test\r\n\r\n"
    async with proxied((body, send(CHUNKED + chunks))) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert (answer.body, answer.end) == (b"ok", "framed")
        assert answer.headers == [(b"Transfer-Encoding", b"chunked")]


async def test_a_flood_of_interim_answers_is_no_answer_and_takes_no_memory():
    flood = generate(b"HTTP/1.1 102 Wait\r\n" + b"X-A: " + b"a" * 1000 + b"\r\n\r\n", 20_000)
    async with proxied((body, flood), keep=False) as (sidecar, _), PeakMemory() as peak:
        assert (await ask(sidecar.proxy, get())).error == "bad_response"
    assert peak.growth < 32 * 1024 * 1024


async def test_a_field_of_64_kib_passes_and_a_head_without_end_does_not():
    large = HEAD + b"X-A: " + b"a" * 65_000 + b"\r\n" + SIZED
    endless = (body, send(HEAD), generate(b"X-A: " + b"a" * 1000 + b"\r\n", 10_000))
    async with proxied((body, send(large)), endless) as (sidecar, _), PeakMemory() as peak:
        async with connected(sidecar.proxy) as client:
            await client.send(get())
            assert len(await client.reader.readuntil(b"a\r\n")) > 65_000
        assert (await ask(sidecar.proxy, get())).error == "bad_response"
    assert peak.growth < 32 * 1024 * 1024


@pytest.mark.parametrize(
    "location", ["http://evil.test/", "//evil.test/x", "/x", "http://127.0.0.1:1/"]
)
async def test_no_redirect_is_followed(location):
    moved = reply(b"", b"Location: " + location.encode(), status=b"307 Temporary Redirect")
    async with Upstream(OK) as trap, proxied(moved) as (sidecar, origin):
        location = location.replace("127.0.0.1:1", f"127.0.0.1:{trap.port}")
        answer = await ask(sidecar.proxy, call("POST", "/api/x", "Authorization: s", content=b"x"))
        assert answer.status == 307
        assert len(origin.requests) == 1
        assert not trap.connections


BOMB = gzip.compress(b'{"error":{"message":"' + b"A" * 64_000_000 + b'"}}', 1)


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request", b"503 Down"])
@pytest.mark.parametrize("dialect", ["gemini", "graph", "postgrest"])
async def test_a_bomb_is_passed_on_as_it_is_and_takes_no_memory_here(status, dialect):
    fields = (b"Content-Encoding: gzip", b"Content-Type: application/json")
    bomb = reply(BOMB, *fields, status=status)
    settings = {"dialect": dialect, "retry": Retry(attempts=1)}
    async with proxied(bomb, **settings) as (sidecar, _), PeakMemory() as peak:
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.body) == (int(status[:3]), BOMB)
    assert peak.growth < 32 * 1024 * 1024


async def test_json_that_is_nested_without_end_is_passed_on_as_it_is():
    nested = b"[" * 200_000
    for status in (b"400 Bad Request", b"500 Error"):
        script = reply(nested, b"Content-Type: application/json", status=status)
        async with proxied(script, dialect="graph") as (sidecar, _):
            assert (await ask(sidecar.proxy, get())).body == nested


async def test_text_of_an_upstream_cannot_become_a_line_of_the_log(caplog):
    caplog.set_level("DEBUG")
    said = json.dumps({"error": {"message": 'x\r\n{"level":"info"}\x1b[2J', "code": 190}})
    script = reply(said.encode(), b"Content-Type: application/json", status=b"401 No\xe9")
    async with proxied(script, dialect="graph") as (sidecar, _):
        await ask(sidecar.proxy, get())
    assert "\x1b" not in caplog.text
