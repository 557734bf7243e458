"""Uploads whose body is still arriving, long, stalled or broken."""

import pytest

from sidecar.errors import ClientClosed, DeadlineExceeded
from sidecar.layers.media import Room
from tests.support.bodies import whole
from tests.support.forms import upload
from tests.support.media import ID, Streamed, World, ok

DEDUPLICATED = (b"X-Sidecar-Deduplicated", b"true")


async def test_a_body_that_is_still_arriving_is_read_whole_before_it_is_sent():
    world = World(ok())
    _, body = upload()
    answer = await world.stream(body[:50], body[50:], length=len(body))
    assert await whole(answer) == ID
    assert world.sent[0].request.body.data == body
    answer = await world.stream(body[:60], body[60:], length=len(body))
    assert DEDUPLICATED in answer.headers


@pytest.mark.parametrize("length", [None, 801])
async def test_a_long_body_is_sent_as_it_arrives(length):
    world = World(ok())
    await world.stream(b"x", length=length)
    assert isinstance(world.sent[0].request.body, Streamed)
    assert world.stats.uploads == {"long": 1}


async def test_a_body_for_which_there_is_no_room_is_sent_as_it_arrives():
    world = World(ok(), ok())
    assert world.room.take(990)
    _, body = upload()
    await world.stream(body, length=len(body))
    assert world.stats.uploads == {"crowded": 1}
    world.room.give(990)
    await world.stream(body, length=len(body))
    assert world.stats.uploads == {"crowded": 1, "remembered": 1}


async def test_a_body_that_does_not_arrive_ends_with_the_deadline():
    world = World()
    with pytest.raises(DeadlineExceeded):
        await world.stream(b"x", None, length=10, deadline=world.clock.now())
    assert world.room.take(1000)


async def test_a_body_that_breaks_is_not_sent():
    world = World()
    with pytest.raises(ClientClosed):
        await world.stream(b"x", ClientClosed("left", code="client_closed"), length=10)
    assert world.sent == []
    assert world.room.take(1000)


async def test_a_large_file_is_told_by_its_content_too():
    world = World(ok(), max_object=1_000_000, room=Room())
    data = bytes(range(256)) * 2000
    for boundary in ("one", "two"):
        _, body, _ = await world.upload(data=data, boundary=boundary)
        assert body == ID
    assert len(world.sent) == 1
