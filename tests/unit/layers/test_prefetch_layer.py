import gzip
import json

import pytest

from sidecar.core.paths import compile_path
from sidecar.core.prefetch import Plan, parse
from sidecar.errors import TruncatedBody
from sidecar.exchange import stack
from sidecar.flights.ahead import Ahead
from sidecar.flights.own_call import Destination
from sidecar.layers.prefetch import Parts, prefetch
from sidecar.telemetry.prefetch_stats import PrefetchStats
from tests.support.bodies import Chunks
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.stepped_clock import settle

JSON = [(b"Content-Type", b"application/json; charset=utf-8")]
ANSWER = json.dumps([{"id": 1}, {"id": 2}]).encode()
EARLY = "/early/{id}?c={?c}"
LATE = "/late?id={$[*].id}"


class World:
    """A route with prefetches; `answer` makes what its upstream answers."""

    def __init__(self, *plans, answer=None, key=lambda request: request.target):
        self.clock = FakeClock()
        self.ahead_calls = []
        self.before_answer = None
        self.answer = answer or (lambda: response(200, ANSWER, JSON))
        self.ahead = Ahead(lambda _: Destination("r", self._fetch), lambda: True, self.clock)
        parts = Parts(
            plans=tuple(Plan(parse(text), 10) for text in plans or (EARLY, LATE)),
            expression=compile_path("/a/{id}"),
            key=key,
            ahead=self.ahead,
            stats=PrefetchStats(),
            clock=self.clock,
        )
        self.handler = stack(prefetch(parts), on=self._upstream)

    async def _fetch(self, subject):
        self.ahead_calls.append(subject)
        return response()

    async def _upstream(self, _):
        await settle()
        self.before_answer = self.taken()
        return self.answer()

    def taken(self):
        """The targets called ahead since this was last asked."""
        calls = [call.request.target for call in self.ahead_calls]
        self.ahead_calls.clear()
        return calls

    async def call(self, subject=None, *, read=True):
        answer = await self.handler(subject or exchange(request("GET", "/a/7?c=3")))
        data = b""
        if read:
            while chunk := await answer.body.read():
                data += chunk
            answer.close()
        await settle()
        return answer, data


def stored():
    answer = response(200, ANSWER, JSON)
    answer.source = "cache"
    return answer


def test_a_route_without_prefetches_has_no_layer():
    world = World()
    parts = Parts((), compile_path("/"), str, world.ahead, PrefetchStats(), world.clock)
    assert prefetch(parts) is None


async def test_what_needs_no_answer_is_called_beside_the_call_and_the_rest_after_its_end():
    world = World()
    answer, data = await world.call()
    assert world.before_answer == ["/early/7?c=3"]
    assert world.taken() == ["/late?id=1", "/late?id=2"]
    assert (answer.status, data) == (200, ANSWER)


async def test_the_answer_passes_chunk_by_chunk():
    chunks = [b'[{"id"', b": 1}]"]

    def answer():
        given = response(200, b"", JSON)
        given.body = Chunks(*chunks)
        return given

    world = World(LATE, answer=answer)
    given, _ = await world.call(read=False)
    assert [await given.body.read() for _ in range(2)] == chunks
    await settle()
    assert world.taken() == []
    assert await given.body.read() == b""
    await settle()
    assert world.taken() == ["/late?id=1"]


async def test_an_answer_in_gzip_is_read_and_passes_as_it_is():
    coded = gzip.compress(ANSWER)
    headers = [*JSON, (b"Content-Encoding", b"gzip")]
    world = World(LATE, answer=lambda: response(200, coded, headers))
    _, data = await world.call()
    assert data == coded
    assert world.taken() == ["/late?id=1", "/late?id=2"]


async def test_a_stored_answer_leads_to_calls_again_only_after_some_seconds():
    world = World(answer=stored)
    await world.call()
    assert world.before_answer + world.taken() == ["/early/7?c=3", "/late?id=1", "/late?id=2"]
    world.clock.advance(9.9)
    await world.call()
    assert world.before_answer + world.taken() == []
    world.clock.advance(0.1)
    await world.call()
    assert len(world.before_answer + world.taken()) == 3


async def test_an_answer_of_the_upstream_always_leads_to_calls():
    world = World()
    for _ in range(2):
        await world.call()
        assert sorted(world.before_answer + world.taken()) == [
            "/early/7?c=3",
            "/late?id=1",
            "/late?id=2",
        ]


async def test_a_call_that_is_never_stored_is_always_due():
    world = World(EARLY, answer=stored, key=lambda _: None)
    for _ in range(2):
        await world.call()
        assert world.before_answer == ["/early/7?c=3"]


def cut():
    answer = response(200, b"", JSON)
    answer.body = Chunks(ANSWER, TruncatedBody("cut", code="truncated_body"))
    return answer


def of_the_sidecar():
    answer = response(200, ANSWER, JSON)
    answer.source = "sidecar"
    return answer


@pytest.mark.parametrize(
    "answer",
    [
        lambda: response(404, ANSWER, JSON),
        lambda: response(200, ANSWER, [(b"Content-Type", b"text/plain")]),
        lambda: response(200, ANSWER, [(b"Content-Type", b"application/jsonl")]),
        lambda: response(200, ANSWER),
        lambda: response(200, ANSWER[:-1], JSON),
        lambda: response(200, b"", JSON),
        lambda: response(200, b"[" + b" " * 300_000 + b"]", JSON),
        cut,
        of_the_sidecar,
    ],
)
async def test_an_answer_that_is_not_complete_json_leads_to_nothing(answer):
    world = World(LATE, answer=answer)
    given = await world.handler(exchange(request("GET", "/a/7")))
    data = b""
    try:
        while chunk := await given.body.read():
            data += chunk
    except TruncatedBody:
        assert answer is cut
    given.close()
    await settle()
    assert world.taken() == []
    if answer is not cut:
        assert data == answer().body.data


@pytest.mark.parametrize(
    "kind", [b"application/json", b"Application/JSON;x=1", b"application/vnd.pgrst.object+json"]
)
async def test_every_json_type_is_read(kind):
    headers = [(b"content-type", kind)]
    world = World(LATE, answer=lambda: response(200, ANSWER, headers))
    await world.call()
    assert world.taken() == ["/late?id=1", "/late?id=2"]


async def test_an_application_that_leaves_before_the_end_leads_to_nothing():
    world = World(LATE)
    given, _ = await world.call(read=False)
    given.close()
    assert await given.body.read() == ANSWER
    assert await given.body.read() == b""
    await settle()
    assert world.taken() == []


@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH", "DELETE", "OPTIONS"])
async def test_only_a_get_leads_to_calls(method):
    world = World()
    await world.call(exchange(request(method, "/a/7?c=3")))
    assert world.before_answer + world.taken() == []


async def test_a_call_made_ahead_leads_to_no_others():
    world = World()
    subject = exchange(request("GET", "/a/7?c=3"))
    subject.background = True
    await world.call(subject)
    assert world.before_answer + world.taken() == []


async def test_credentials_go_along_and_conditions_do_not():
    world = World(LATE)
    fields = [(b"Authorization", b"Bearer t"), (b"If-None-Match", b'"e"')]
    await world.call(exchange(request("GET", "/a/7?c=3", fields)))
    assert [call.request.headers for call in world.ahead_calls] == [fields[:1]] * 2
