"""URLs in bodies that lead back to the sidecar, and bodies that are passed on as they came."""

import gzip
import json
import zlib

import pytest

from sidecar.config.returned_urls import ReturnedUrls
from sidecar.errors import TruncatedBody
from sidecar.layers.returned_urls import Parts, returned_urls
from sidecar.telemetry.returned_url_stats import ReturnedUrlStats
from tests.support.bodies import whole
from tests.support.builders import response
from tests.support.returned import ADDRESSES, JSON, MEDIA, Stream, World

LED = rb'{"url":"http:\/\/127.0.0.1:8080\/media\/w?mid=1\u0026hash=s","id":"1"}'


async def test_a_url_in_a_body_leads_to_its_upstream_and_all_else_stays():
    headers = [JSON, (b"Content-Length", b"%d" % len(MEDIA)), (b"ETag", b'"e"'), (b"X-A", b"1")]
    world = World(response(200, MEDIA, headers))
    answer = await world.call()
    assert answer is world.answer
    assert await whole(answer) == LED
    assert answer.body.length == len(LED)
    assert answer.headers == [
        JSON, (b"ETag", b'W/"e"'), (b"X-A", b"1"), (b"Content-Length", b"%d" % len(LED)),
    ]  # fmt: skip
    assert (world.stats.bodies, world.stats.headers) == (1, 0)


@pytest.mark.parametrize(
    ("coding", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)]
)
async def test_a_coded_body_is_sent_on_as_text(coding, pack):
    packed = pack(MEDIA)
    fields = [JSON, (b"Content-Encoding", coding), (b"Content-Length", b"%d" % len(packed))]
    world = World(response(200, packed, fields))
    answer = await world.call()
    assert await whole(answer) == LED
    assert answer.headers == [JSON, (b"Content-Length", b"%d" % len(LED))]


async def test_a_coded_body_without_such_a_url_stays_as_it_came():
    packed = gzip.compress(b'{"url":"https://elsewhere/"}')
    fields = [JSON, (b"Content-Encoding", b"gzip"), (b"Content-Length", b"%d" % len(packed))]
    world = World(response(200, packed, fields))
    answer = await world.call()
    assert (await whole(answer), answer.headers) == (packed, fields)
    assert answer.body.length == len(packed)
    assert (world.stats.bodies, world.stats.unreadable) == (0, 0)


async def test_a_body_of_unknown_length_gets_one():
    answer = response(200, b"", [JSON])
    answer.body = Stream(MEDIA[:10], MEDIA[10:])
    answer = await World(answer).call()
    assert await whole(answer) == LED
    assert answer.headers == [JSON, (b"Content-Length", b"%d" % len(LED))]


async def test_a_long_body_is_passed_on_unseen():
    long = b'{"url":"https://lookaside.fbsbx.com/","x":"' + b"x" * 1024 * 1024 + b'"}'
    world = World(response(200, long, [JSON]))
    assert await whole(await world.call()) == long
    answer = response(200, b"", [JSON])
    answer.body = Stream(long[:100_000], long[100_000:], b"")
    world.answer = answer
    assert await whole(await world.call()) == long
    assert (world.stats.too_long, world.stats.bodies) == (2, 0)


@pytest.mark.parametrize("size", [1_100_000, 9_000_000])
async def test_a_bomb_is_not_unfolded(size):
    bomb = gzip.compress(json.dumps({"url": "https://graph.facebook.com/" + "a" * size}).encode())
    world = World(response(200, bomb, [JSON, (b"Content-Encoding", b"gzip")]))
    assert await whole(await world.call()) == bomb
    assert world.stats.unreadable == 1


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"{", b"identity"),
        (b'{"url":"https://graph.facebook.com/\xff"}', b"identity"),
        (b"\x1f\x8bbroken", b"gzip"),
        (gzip.compress(MEDIA)[:-20], b"gzip"),
        (MEDIA, b"br"),
    ],
    ids=["json", "utf-8", "gzip", "cut", "br"],
)
async def test_what_cannot_be_read_is_passed_on(body, coding):
    world = World(response(200, body, [JSON, (b"Content-Encoding", coding)]))
    assert await whole(await world.call()) == body
    assert (world.stats.unreadable, world.stats.bodies) == (1, 0)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, JSON[1]), (206, JSON[1]), (200, b"text/event-stream")]
)
async def test_other_answers_are_not_read(status, kind):
    answer = response(status, b"", [(b"Content-Type", kind)])
    stream = answer.body = Stream(MEDIA)
    answer = await World(answer).call()
    assert (stream.reads, answer.body is stream) == (0, True)


async def test_an_answer_to_a_head_is_not_read():
    answer = response(200, b"", [JSON])
    stream = answer.body = Stream(MEDIA)
    await World(answer).call("HEAD")
    assert stream.reads == 0


async def test_nothing_is_read_where_no_path_is_configured():
    answer = response(200, b"", [JSON])
    stream = answer.body = Stream(MEDIA)
    await World(answer, json=()).call()
    assert stream.reads == 0


async def test_a_body_that_breaks_is_seen_to_break():
    answer = response(200, b"", [JSON])
    answer.body = Stream(MEDIA[:10], TruncatedBody("cut", code="truncated_body"))
    world = World(answer)
    got = await world.call()
    assert await got.body.read() == MEDIA[:10]
    with pytest.raises(TruncatedBody):
        await got.body.read()
    assert world.stats.too_long == world.stats.unreadable == 0


async def test_a_fault_closes_the_answer():
    closed = []
    answer = response(200, b"", [JSON])
    answer.body = Stream(KeyError("a fault"))
    answer.on_close(closed.append)
    with pytest.raises(KeyError):
        await World(answer).call()
    assert len(closed) == 1


async def test_codings_that_could_not_be_removed_are_not_asked_for():
    world = World(response(200, b"", [JSON]))
    await world.call(headers=[(b"Accept-Encoding", b"gzip, br")])
    assert world.asked.headers == [(b"Accept-Encoding", b"gzip")]
    world = World(response(200, b"", [JSON]), json=())
    await world.call(headers=[(b"Accept-Encoding", b"gzip, br")])
    assert world.asked.headers == [(b"Accept-Encoding", b"gzip, br")]


async def test_a_call_of_the_sidecars_own_is_left_alone():
    fields = [JSON, (b"Location", b"/x")]
    answer = await World(response(200, MEDIA, fields)).call(entered=None)
    assert (await whole(answer), answer.headers) == (MEDIA, fields)


def test_without_anything_to_change_there_is_no_layer():
    nothing = ReturnedUrls(headers=(), json=())
    assert returned_urls(Parts(nothing, ADDRESSES, ReturnedUrlStats())) is None
