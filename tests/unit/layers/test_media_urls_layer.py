"""URLs of media, learned from the answers that pass."""

import gzip
import json

import pytest

from tests.support.builders import exchange, request
from tests.support.media import ALICE, JSON, World, chunked, ok


def located(url="https://lookaside.test/a?1", media_id="1", headers=JSON):
    body = json.dumps({"url": url, "id": media_id, "messaging_product": "whatsapp"}).encode()
    return ok(body, headers)


async def test_a_url_is_learned_from_the_answer_that_passes():
    world = World(located())
    expected = located().body.data
    assert await world.look_up("/v23.0/1?phone_number_id=9") == expected
    known = world.known()
    assert (known.media_id, known.asked) == ("1", "/v23.0/1?phone_number_id=9")
    assert known.since == 1000.0


async def test_a_url_in_a_coded_answer_of_unknown_length_is_learned():
    coded = gzip.compress(located().body.data)
    headers = [(b"content-type", b"text/javascript; charset=UTF-8"), (b"content-encoding", b"gzip")]
    world = World(chunked(coded[:20], coded[20:], headers=headers))
    assert await world.look_up() == coded
    assert world.known() is not None


async def test_a_url_from_a_cache_is_as_old_as_the_answer():
    world = World(located(headers=[*JSON, (b"Age", b"30")]))
    await world.look_up()
    assert world.known().since == 970.0


@pytest.mark.parametrize(
    "answer",
    [
        lambda: located(media_id="2"),
        lambda: located(headers=[(b"Content-Type", b"text/html")]),
        lambda: ok(b"{", JSON),
        lambda: ok(located().body.data, JSON, status=404),
    ],
)
async def test_other_answers_teach_nothing_and_pass(answer):
    world = World(answer())
    assert await world.look_up() == answer().body.data
    assert len(world.urls) == 0


async def test_a_long_answer_passes_without_being_waited_for():
    answer = chunked(b"x" * 16 * 1024, None)
    world = World(answer)
    given = await world.handler(exchange(request("GET", "/v23.0/1", ALICE)))
    assert await given.body.read() == b"x" * 16 * 1024


async def test_other_calls_pass():
    world = World(ok(), ok())
    await world.handler(exchange(request("POST", "/v23.0/9/messages", ALICE, b"{}")))
    await world.handler(exchange(request("POST", "/v23.0/9/media", ALICE)))
    assert len(world.sent) == 2
    assert world.stats.uploads == {}
