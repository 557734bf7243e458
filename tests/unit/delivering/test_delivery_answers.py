import gzip

from tests.support.builders import response
from tests.support.delivering import World
from tests.support.virtual_time import virtually


@virtually
async def test_an_answer_is_kept_as_text_whatever_its_coding():
    async def zipped(subject):
        await world.pass_fence(subject)
        body = gzip.compress(b'{"messages":[{"id":"wamid.real"}]}')
        fields = [(b"Content-Type", b"application/json"), (b"Content-Encoding", b"gzip")]
        return response(200, body, fields)

    world = World(zipped)
    delivery = await world.accept(b"m", (b"accept-encoding", b"gzip, deflate, br, zstd"))
    await world.run(1.0)
    (sent,) = world.exchanges
    assert (b"accept-encoding", b"gzip") in sent.request.headers
    answer = world.spool[delivery].answer
    assert answer.body == b'{"messages":[{"id":"wamid.real"}]}'
    assert answer.headers == [(b"Content-Type", b"application/json")]
    assert not answer.truncated


@virtually
async def test_an_answer_in_a_coding_that_cannot_be_read_is_kept_as_it_is():
    async def brotli(subject):
        await world.pass_fence(subject)
        return response(200, b"\x0b\x02", [(b"Content-Encoding", b"br")])

    world = World(brotli)
    delivery = await world.accept()
    await world.run(1.0)
    answer = world.spool[delivery].answer
    assert (answer.body, answer.headers) == (b"\x0b\x02", [(b"Content-Encoding", b"br")])


@virtually
async def test_of_an_answer_that_unfolds_to_much_only_the_first_part_is_kept():
    async def bomb(subject):
        await world.pass_fence(subject)
        fields = [(b"Content-Encoding", b"gzip")]
        return response(200, gzip.compress(b"x" * 50_000_000), fields)

    world = World(bomb)
    delivery = await world.accept()
    await world.run(1.0)
    answer = world.spool[delivery].answer
    assert (len(answer.body), answer.truncated) == (64 * 1024, True)
