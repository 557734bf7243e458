"""Which uploads are sent, which get the id of an earlier one, and when that is forgotten."""

import asyncio
import contextlib
import gzip

import pytest

from sidecar.errors import TruncatedBody, UpstreamReset
from sidecar.exchange import stack
from sidecar.layers.media import media
from tests.support.bodies import whole
from tests.support.builders import exchange, request
from tests.support.forms import form, part, upload
from tests.support.media import ALICE, ID, JSON, World, chunked, ok
from tests.support.stepped_clock import settle

DEDUPLICATED = (b"X-Sidecar-Deduplicated", b"true")


def test_where_nothing_is_remembered_there_is_no_layer():
    assert media(World(urls=None, uploads=None).parts) is None


async def test_the_same_file_is_sent_once_and_its_id_given_out_again():
    world = World(ok())
    answer, body, _ = await world.upload(boundary="one")
    assert (answer.status, body, answer.headers) == (200, ID, JSON)
    again, body, subject = await world.upload(boundary="two")
    assert (again.status, body) == (200, ID)
    assert DEDUPLICATED in again.headers
    assert (b"Content-Length", b"11") in again.headers
    assert again.source == "cache"
    assert subject.attempt == 0
    assert len(world.sent) == 1
    assert world.stats.uploads == {"remembered": 1, "deduplicated": 1}


async def test_the_body_goes_on_byte_for_byte():
    world = World(ok())
    parts = upload()
    await world.upload(parts)
    assert world.sent[0].request.body.data == parts[1]


async def test_a_file_is_sent_again_after_its_time():
    world = World(ok(), ok())
    await world.upload()
    world.clock.advance(100.0)
    await world.upload()
    assert len(world.sent) == 2


async def test_nobody_gets_the_id_of_somebody_else():
    world = World(ok(), ok(b'{"id":"78"}'))
    await world.upload()
    _, body, _ = await world.upload(headers=[(b"Authorization", b"Bearer bob")])
    assert body == b'{"id":"78"}'


async def test_a_coded_answer_is_given_out_again_plain():
    coded = gzip.compress(ID)
    world = World(ok(coded, [*JSON, (b"Content-Encoding", b"gzip")]))
    _, first, _ = await world.upload()
    again, second, _ = await world.upload()
    assert (first, second) == (coded, ID)
    assert not [name for name, _ in again.headers if name.lower() == b"content-encoding"]


async def test_an_answer_of_unknown_length_is_remembered():
    world = World(chunked(ID[:4], ID[4:]))
    _, body, _ = await world.upload()
    assert body == ID
    _, body, _ = await world.upload()
    assert body == ID
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda: ok(status=201),
        lambda: ok(status=400),
        lambda: ok(b'{"id":77}'),
        lambda: ok(b"{}"),
        lambda: ok(b"<html>"),
        lambda: ok(b'{"id":"77","x":"' + b"x" * 20_000 + b'"}'),
        lambda: chunked(b'{"id":', b'"77"'),
    ],
)
async def test_only_an_answer_with_an_id_is_remembered(answer):
    world = World(answer(), ok())
    _, body, _ = await world.upload()
    assert body == await whole(answer())
    await world.upload()
    assert len(world.sent) == 2
    assert world.stats.uploads["failed"] == 1


async def test_an_answer_that_breaks_breaks_for_the_application():
    world = World(chunked(ID[:4], TruncatedBody("cut", code="truncated_body")), ok())
    with pytest.raises(TruncatedBody):
        await world.upload()
    await world.upload()
    assert len(world.sent) == 2


async def test_a_failure_leaves_nothing_behind():
    world = World(UpstreamReset("gone", code="upstream_reset"), ok())
    with pytest.raises(UpstreamReset):
        await world.upload()
    await world.upload()
    assert len(world.sent) == 2
    assert world.room.take(1000)


async def test_an_application_that_leaves_gives_everything_back():
    closed = []
    answer = chunked(None)
    answer.on_close(closed.append)
    world = World(answer)
    task = asyncio.ensure_future(world.upload())
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(closed) == 1
    assert world.room.take(1000)


async def test_an_unusual_form_is_sent_each_time():
    world = World(ok(), ok())
    parts = form(part("file", b"x"), part("ttl_minutes", b"5"))
    for _ in range(2):
        await world.upload(parts)
    assert len(world.sent) == 2
    assert world.stats.uploads == {"unusual": 2}


@pytest.mark.parametrize(
    "outcome", [lambda: ok(b'{"success":true}'), lambda: UpstreamReset("gone", code="x")]
)
async def test_a_file_that_is_deleted_is_forgotten_whatever_the_answer(outcome):
    world = World(ok(), outcome(), ok(b'{"id":"78"}'))
    await world.upload()
    world.urls.learn(request("GET", "/v23.0/77", ALICE), "77", "/a?1", 0.0)
    with contextlib.suppress(UpstreamReset):
        await world.handler(exchange(request("DELETE", "/v23.0/77", ALICE)))
    _, body, _ = await world.upload()
    assert body == b'{"id":"78"}'
    assert world.known() is None
    assert world.dropped == [("media:77",)] * 2


async def test_the_id_is_not_given_out_while_its_file_is_being_deleted():
    world = World(ok())
    await world.upload()
    world.answers = [ok(b'{"success":true}')]
    found = []

    async def deleting(subject):
        if subject.request.method == "DELETE":
            found.append(len(world.uploads))
        return ok()

    await stack(media(world.parts), on=deleting)(exchange(request("DELETE", "/v23.0/77", ALICE)))
    assert found == [0]
