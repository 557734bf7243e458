"""What the ledger answers, refuses and lets through again, and which answers it keeps."""

from contextlib import suppress

import pytest

from sidecar.errors import BadRequest, TruncatedBody
from sidecar.exchange import BytesBody
from tests.support.bodies import whole
from tests.support.builders import response
from tests.support.ledgers import RESET, UNSENT, Slow, World, judged
from tests.support.stepped_clock import settle

REPLAYED = (b"Idempotency-Replayed", b"true")


async def test_the_same_key_gets_the_same_answer_and_nothing_is_sent():
    world = World(response(201, b"made", [(b"Content-Length", b"4")]))
    assert await world.whole() == (201, b"made")
    again = await world.call()
    assert (again.status, await whole(again), again.source) == (201, b"made", "cache")
    assert again.headers == [(b"Content-Length", b"4"), REPLAYED]
    assert len(world.sent) == 1
    assert (world.stats.calls, world.stats.replayed) == (1, 1)
    assert world.stats.bytes > 0


async def test_a_first_answer_is_passed_on_as_it_comes_and_without_a_mark():
    body = Slow()
    answer = response(200, b"", [(b"X", b"1")])
    answer.body = body
    world = World(answer)
    first = await world.call()
    body.chunks.put_nowait(b"one")
    assert await first.body.read() == b"one"
    assert first.headers == [(b"X", b"1")]
    first.close()
    world.parts[0].finishing.copy().pop().cancel()
    await settle()


async def test_a_call_without_a_key_and_a_safe_one_are_left_alone():
    world = World(*(response(200, b"x") for _ in range(4)))
    for call in ({"key": b""}, {"key": b""}, {"method": "GET"}, {"method": "GET"}):
        assert await world.whole(**call) == (200, b"x")
    assert len(world.sent) == 4
    assert world.stats.calls == 0


async def test_a_key_for_another_request_is_refused():
    world = World(response(200))
    await world.whole()
    with pytest.raises(BadRequest) as caught:
        await world.call(body=b"[]")
    assert (caught.value.status, caught.value.code) == (422, "idempotency_key_reused")
    assert world.stats.refused == {"reused": 1}


@pytest.mark.parametrize("honoured", [True, False])
async def test_repetition_learns_whether_the_key_makes_it_harmless(honoured):
    world = World(response(200), honoured=honoured)
    await world.whole()
    assert world.sent[0].repeatable is honoured


@pytest.mark.parametrize(
    ("outcome", "honoured", "second"),
    [
        (UNSENT, False, (200, b"sent")),
        (RESET, False, "idempotency_unknown"),
        (RESET, True, (200, b"sent")),
        (judged(429, "refused"), False, (200, b"sent")),
        (judged(500, "ambiguous"), False, "idempotency_unknown"),
        (judged(500, "ambiguous"), True, (200, b"sent")),
        (judged(400, "permanent", b"bad"), False, (400, b"bad")),
        (response(503, b"unjudged"), False, "idempotency_unknown"),
        (RuntimeError("a fault of ours"), False, "idempotency_unknown"),
    ],
)
async def test_only_what_was_not_done_is_sent_again(outcome, honoured, second):
    if not isinstance(outcome, Exception):
        outcome.body = BytesBody(outcome.body.data)
    world = World(outcome, response(200, b"sent"), honoured=honoured)
    with suppress(RuntimeError):
        await world.whole()
    assert await world.whole() == second
    assert len(world.sent) == (2 if second == (200, b"sent") else 1)


async def test_an_answer_that_nobody_read_is_kept_at_once_if_it_is_there():
    world = World(response(204, b"made"))
    answer = await world.call()
    answer.close()
    assert not world.parts[0].finishing
    assert await world.whole() == (204, b"made")


@pytest.mark.parametrize(
    ("honoured", "then"), [(False, "idempotency_answer_lost"), (True, (200, b"new"))]
)
async def test_an_answer_that_breaks_off_is_not_kept(honoured, then):
    answer = response(200)
    answer.body = body = Slow()
    body.chunks.put_nowait(b"half")
    body.chunks.put_nowait(TruncatedBody("early", code="truncated_body"))
    world = World(answer, response(200, b"new"), honoured=honoured)
    assert await world.whole() == "truncated_body"
    assert await world.whole() == then


@pytest.mark.parametrize(
    ("honoured", "then"), [(False, "idempotency_answer_lost"), (True, (200, b"new"))]
)
async def test_an_answer_that_is_too_long_is_passed_on_and_not_kept(honoured, then):
    world = World(response(200, b"x" * 11), response(200, b"new"), honoured=honoured, max_body=10)
    assert await world.whole() == (200, b"x" * 11)
    assert await world.whole() == then


async def test_nothing_is_left_behind_by_an_answer_that_never_ends():
    answer = response(200)
    answer.body = Slow()
    closed = []
    answer.on_close(closed.append)
    world = World(answer, honoured=False)
    (await world.call()).close()
    (task,) = world.parts[0].finishing
    task.cancel()
    await settle()
    assert len(closed) == 1
    assert await world.whole() == "idempotency_answer_lost"
