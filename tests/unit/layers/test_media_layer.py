import asyncio
import contextlib
import gzip
import json

import pytest

from sidecar.core.media import Callers
from sidecar.core.media_uploads import Uploads
from sidecar.core.media_urls import MediaUrls
from sidecar.errors import ClientClosed, DeadlineExceeded, TruncatedBody, UpstreamReset
from sidecar.exchange import Request, stack
from sidecar.layers.media import Parts, Room, media
from sidecar.telemetry.media_stats import MediaStats
from tests.support.bodies import Chunks
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.forms import form, part, upload
from tests.support.stepped_clock import settle

ALICE = [(b"Authorization", b"Bearer alice")]
JSON = [(b"Content-Type", b"application/json")]
ID = b'{"id":"77"}'
DEDUPLICATED = (b"X-Sidecar-Deduplicated", b"true")


class Streamed(Chunks):
    """A request's body that arrives in pieces and is not kept."""

    rewindable = False

    def __init__(self, *pieces, length):
        super().__init__(*pieces)
        self.length = length

    def known(self):
        return None


class World:
    """The API, which answers with what is next in `answers`, and the memory in front of it."""

    def __init__(self, *answers, **settings):
        self.clock = FakeClock()
        self.answers = list(answers)
        self.sent = []
        self.dropped = []
        self.stats = MediaStats()
        callers = Callers(b"secret")
        self.urls = MediaUrls(callers)
        self.uploads = Uploads(callers, 100.0)
        self.room = Room(1000)
        values = {
            "urls": self.urls,
            "uploads": self.uploads,
            "max_object": 800,
            "room": self.room,
            "drop": self.dropped.append,
            "stats": self.stats,
            "clock": self.clock,
            **settings,
        }
        self.parts = Parts(**values)
        self.handler = stack(media(self.parts), on=self._upstream)

    async def _upstream(self, subject):
        self.sent.append(subject)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def upload(self, parts=None, headers=ALICE, **settings):
        fields, body = parts or upload(**settings)
        subject = exchange(request("POST", "/v23.0/9/media", [*headers, *fields], body))
        answer = await self.handler(subject)
        return answer, await everything(answer), subject

    def stream(self, *pieces, length, deadline=float("inf")):
        headers, _ = upload()
        body = Streamed(*pieces, length=length)
        subject = Request("POST", "/v23.0/9/media", [*ALICE, *headers], body)
        return self.handler(exchange(subject, deadline=deadline))

    async def look_up(self, target="/v23.0/1", headers=ALICE):
        answer = await self.handler(exchange(request("GET", target, headers)))
        return await everything(answer)

    def known(self, target="/a?1", headers=ALICE):
        return self.urls.of(request("GET", target, headers))


async def everything(answer):
    data = b""
    while chunk := await answer.body.read():
        data += chunk
    return data


def ok(body=ID, headers=JSON, status=200):
    return response(status, body, headers)


def chunked(*pieces, headers=JSON):
    answer = response(200, b"", headers)
    answer.body = Chunks(*pieces)
    return answer


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
    assert body == await everything(answer())
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


async def test_a_body_that_is_still_arriving_is_read_whole_before_it_is_sent():
    world = World(ok())
    _, body = upload()
    answer = await world.stream(body[:50], body[50:], length=len(body))
    assert await everything(answer) == ID
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
