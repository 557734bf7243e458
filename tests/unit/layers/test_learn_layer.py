import pytest

from sidecar.errors import ConnectError
from sidecar.exchange import BytesBody, stack
from sidecar.layers.learn import learn
from sidecar.observing import Observer
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock


class Chunks:
    """A body that arrives in pieces, between which nothing is there."""

    def __init__(self, *chunks, length=None):
        self.length = length
        self._chunks = list(chunks)

    def take(self):
        return None

    async def read(self):
        return self._chunks.pop(0) if self._chunks else b""


class World:
    def __init__(self, answer, per_second=10):
        self.observer = Observer(per_second, FakeClock().now)
        self.begun = []
        begin = self.observer.begin
        self.observer.begin = lambda exchange: self.begun.append(begin(exchange)) or self.begun[-1]
        self.answer = answer

        async def upstream(_):
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        self.handler = stack(learn(self.observer), on=upstream)

    async def call(self, method="GET"):
        return await self.handler(exchange(request(method, "/rest/v1/t?a=eq.1")))

    @property
    def digest(self):
        return self.begun[-1].digest


async def everything(body):
    found = b""
    while True:
        data = body.take()
        if data is None:
            data = await body.read()
        if not data:
            return found
        found += data


async def digest_of(body):
    answer = response(200)
    answer.body = body
    world = World(answer)
    got = await world.call()
    return await everything(got.body), world.digest


async def test_a_body_passes_unchanged_and_has_the_same_digest_however_it_comes():
    whole = await digest_of(BytesBody(b"abcdef"))
    pieces = await digest_of(Chunks(b"abc", b"d", b"ef"))
    assert whole == pieces
    assert whole[0] == b"abcdef"
    assert whole[1] is not None


async def test_other_answers_have_other_digests():
    found = {(await digest_of(BytesBody(data)))[1] for data in (b"", b"a", b"b", b"\0", b"\0\0")}
    assert len(found) == 5


async def test_a_body_that_nobody_reads_to_its_end_has_none():
    answer = response(200)
    answer.body = Chunks(b"abc", b"d")
    world = World(answer)
    got = await world.call()
    await got.body.read()
    assert world.digest is None


async def test_the_declared_end_of_a_body_is_its_end():
    answer = response(200)
    answer.body = Chunks(b"abc", b"d", length=4)
    world = World(answer)
    got = await world.call()
    assert got.body.length == 4
    await got.body.read()
    await got.body.read()
    assert world.digest is not None


async def test_of_long_bodies_no_digest_is_taken():
    assert (await digest_of(Chunks(*[b"x" * 70_000] * 4)))[1] is None
    answer = response(200, b"x" * 300_000)
    world = World(answer)
    body = answer.body
    assert (await world.call()).body is body


@pytest.mark.parametrize("method", ["POST", "HEAD"])
async def test_the_body_of_other_calls_is_left_alone(method):
    answer = response(200, b"a")
    body = answer.body
    assert (await World(answer).call(method)).body is body


@pytest.mark.parametrize(("status", "source"), [(404, "upstream"), (200, "cache")])
async def test_the_body_of_other_answers_is_left_alone(status, source):
    answer = response(status, b"a")
    answer.source, body = source, answer.body
    assert (await World(answer).call()).body is body


async def test_a_call_that_is_not_looked_at_passes_as_it_is():
    answer = response(200, b"a")
    body = answer.body
    world = World(answer, per_second=0)
    assert (await world.call()).body is body
    assert world.begun == [None]


async def test_an_error_passes():
    world = World(ConnectError("refused", code="connect_error"))
    with pytest.raises(ConnectError):
        await world.call()
