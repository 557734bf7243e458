import pytest

from sidecar.errors import TruncatedBody
from sidecar.exchange import BytesBody
from sidecar.peeked import copied, glance, peek
from tests.support.bodies import Chunks
from tests.support.builders import response
from tests.support.costs import cheap


async def rest(body):
    parts = []
    while part := await body.read():
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("limit", "seen", "ended"),
    [(100, b"abcde", True), (6, b"abcde", True), (5, b"abcde", False), (2, b"abc", False)],
)
async def test_a_body_that_was_looked_at_stays_whole_and_knows_if_that_was_all(limit, seen, ended):
    answer = response()
    answer.body = Chunks(b"abc", b"de")
    assert await peek(answer, limit) == seen
    assert answer.body.ended is ended
    assert await rest(answer.body) == b"abcde"


async def test_looking_ends_when_it_is_enough():
    answer = response()
    answer.body = Chunks(b"abc", b"de", b"f")
    assert await peek(answer, 100, lambda seen: b"d" in seen) == b"abcde"
    assert not answer.body.ended


async def test_looking_at_what_comes_in_small_pieces_costs_no_more_than_in_large_ones():
    answer = response()
    answer.body = Chunks(*[b"x" * 50] * 30_000)
    with cheap(0.4):
        assert len(await peek(answer, 2_000_000)) == 1_500_000


async def test_a_copy_outlives_the_response_and_keeps_its_framing():
    answer = response(503, headers=[(b"A", b"b")])
    answer.body = Chunks(b"abc")
    await peek(answer, 100)
    copy = copied(answer, bodyless=False)
    answer.close()
    assert (copy.status, copy.headers, copy.body.length) == (503, [(b"A", b"b")], None)
    assert [copy.body.take(), copy.body.take(), await copy.body.read()] == [b"abc", b"", b""]


async def test_what_was_not_looked_at_to_its_end_cannot_be_copied():
    answer = response(503, b"abc")
    assert copied(answer, bodyless=False) is None
    await peek(answer, 3)
    assert copied(answer, bodyless=False) is None
    assert copied(answer, bodyless=True).body.take() == b""


async def test_a_glance_at_a_body_that_breaks_shows_what_came():
    answer = response()
    answer.body = Chunks(b"half", TruncatedBody("early", code="truncated_body"))
    assert await glance(answer, 100, 5.0) == b"half"
    assert await answer.body.read() == b"half"
    with pytest.raises(TruncatedBody):
        await answer.body.read()


async def test_a_glance_at_a_body_that_stalls_is_short():
    answer = response()
    answer.body = Chunks(b"half", None)
    assert await glance(answer, 100, 0.01) == b"half"
    assert isinstance(answer.body.rest, Chunks)
    assert not answer.body.ended


async def test_a_body_in_memory_can_be_looked_at():
    answer = response()
    answer.body = BytesBody(b"x")
    assert (await peek(answer, 10), answer.body.length) == (b"x", 1)
