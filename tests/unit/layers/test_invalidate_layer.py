"""What a write drops, whatever becomes of it; and what signing out drops."""

import asyncio
from contextlib import suppress

import pytest

from sidecar.errors import ConnectError, UpstreamReset
from sidecar.exchange import BytesBody, Response
from sidecar.layers.invalidate import Parts, invalidate
from tests.support.builders import exchange, request, response
from tests.support.cached import read
from tests.support.virtual_time import virtually


class Seen:
    """Notes what is dropped, and what that was decided by."""

    def __init__(self, outcome, *, reads=False, ends=False):
        self.outcome = outcome
        self.begun, self.over = 0, 0
        self.dropped = []
        self.written = []
        self.dropped_again = []
        parts = Parts(
            written=self._written,
            credential=self._credential,
            sessions=lambda subject: ("~me", "~my-user") if subject.headers else (),
            ends_session=lambda _: ends,
            drop=self.drop,
            write=self.drop,
            write_again=lambda tags, _: self.dropped_again.extend(tags),
            reads=lambda _: reads,
            begin=self._begin,
        )
        self.layer = invalidate(parts)(self._upstream)

    def _begin(self, _):
        self.begun += 1
        return self._is_over

    def _is_over(self):
        self.over += 1

    def _written(self, subject, head, body):
        assert self.over, "what is under way is not known"
        self.written.append((None if head is None else head.status, body))
        return ("t",)

    def _credential(self, subject):
        return "~me" if subject.headers else None

    def drop(self, tags):
        self.dropped += tags

    async def _upstream(self, subject):
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    async def call(self, method="POST", headers=()):
        return await self.layer(exchange(request(method, headers=list(headers))))


@pytest.mark.parametrize(
    ("method", "status", "written"),
    [
        ("POST", 201, [(201, b"rows")]),
        ("PATCH", 200, [(200, b"rows")]),
        ("M-SEARCH", 200, [(200, b"rows")]),
        ("DELETE", 302, [(302, b"rows")]),
        ("POST", 500, [(500, None)]),
        ("POST", 400, []),
        ("POST", 408, [(408, None)]),
        ("DELETE", 499, [(499, None)]),
        ("POST", 409, []),
        ("GET", 200, []),
        ("HEAD", 200, []),
        ("OPTIONS", 200, []),
    ],
)
async def test_a_write_that_was_not_refused_drops_what_it_touched(method, status, written):
    seen = Seen(response(status, b"rows"))
    answer = await seen.call(method)
    assert seen.written == written
    assert seen.dropped == ["t"] * len(written)
    assert (await read(answer)).body == b"rows"


async def test_a_read_with_an_unsafe_method_drops_nothing():
    seen = Seen(response(200), reads=True)
    await seen.call("POST")
    assert seen.written == []


@pytest.mark.parametrize(
    ("error", "dropped"),
    [
        (UpstreamReset("reset", code="upstream_reset"), ["t"]),
        (ConnectError("refused", code="connect_error"), []),
        (asyncio.CancelledError(), ["t"]),
    ],
)
async def test_a_write_that_nobody_knows_of_drops_what_it_may_have_touched(error, dropped):
    seen = Seen(error)
    with pytest.raises(type(error)):
        await seen.call()
    assert seen.dropped == dropped


@pytest.mark.parametrize(
    ("outcome", "method", "begun"),
    [
        (response(200), "POST", 1),
        (response(409), "POST", 1),
        (ConnectError("refused", code="connect_error"), "POST", 1),
        (asyncio.CancelledError(), "POST", 1),
        (response(200), "GET", 0),
    ],
)
async def test_each_write_begins_once_and_is_over_whatever_came_of_it(outcome, method, begun):
    seen = Seen(outcome)
    with suppress(ConnectError, asyncio.CancelledError):
        await seen.call(method)
    assert (seen.begun, bool(seen.over)) == (begun, bool(begun))


async def test_a_401_drops_what_is_kept_for_whoever_asked():
    for method in ("GET", "POST"):
        seen = Seen(response(401))
        await seen.call(method, [(b"Authorization", b"x")])
        assert seen.dropped == ["~me"]
    seen = Seen(response(401))
    await seen.call("GET")
    assert seen.dropped == []


async def test_signing_out_does_too():
    seen = Seen(response(204), ends=True)
    await seen.call("POST", [(b"Authorization", b"x")])
    assert seen.dropped == ["t", "~me", "~my-user"]


@pytest.mark.parametrize("status", [403, 404])
async def test_a_sign_out_that_is_refused_does_too_since_the_session_may_be_over(status):
    seen = Seen(response(status), ends=True)
    await seen.call("POST", [(b"Authorization", b"x")])
    assert seen.dropped == ["~me", "~my-user"]


class Unsized(BytesBody):
    length = None


class Long(BytesBody):
    length = 10_000_000


@pytest.mark.parametrize("body", [Unsized(b"rows"), Long(b"rows")])
async def test_an_answer_that_is_long_or_of_unknown_length_is_not_waited_for(body):
    seen = Seen(Response(200, b"OK", [], body))
    assert (await read(await seen.call())).body == b"rows"
    assert seen.written == [(200, None)]


class Slow(BytesBody):
    async def read(self):
        await asyncio.sleep(5)
        return self.take()


@virtually
async def test_an_answer_that_takes_its_time_is_waited_for_a_second():
    seen = Seen(Response(200, b"OK", [], Slow(b"rows")))
    answer = await seen.call()
    assert asyncio.get_running_loop().time() == 1.0
    assert seen.written == [(200, None)]
    assert (await read(answer)).body == b"rows"


@virtually
async def test_one_who_leaves_while_the_answer_is_read_has_written_all_the_same():
    closed = []
    slow = Response(200, b"OK", [], Slow(b"rows"))
    slow.on_close(closed.append)
    seen = Seen(slow)
    call = asyncio.create_task(seen.call())
    await asyncio.sleep(0.5)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert seen.dropped == ["t"]
    assert len(closed) == 1


@virtually
async def test_one_who_leaves_while_the_answer_is_read_has_signed_out_all_the_same():
    seen = Seen(Response(200, b"OK", [], Slow(b"bye")), ends=True)
    call = asyncio.create_task(seen.call("POST", [(b"Authorization", b"x")]))
    await asyncio.sleep(0.5)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert seen.dropped == ["t", "~me", "~my-user"]


async def test_a_write_whose_answer_was_lost_is_dropped_again_later():
    lost = Seen(UpstreamReset("reset", code="upstream_reset"))
    with pytest.raises(UpstreamReset):
        await lost.call()
    assert (lost.dropped, lost.dropped_again) == (["t"], ["t"])
    refused = Seen(ConnectError("refused", code="connect_error"))
    with pytest.raises(ConnectError):
        await refused.call()
    assert refused.dropped_again == []


@pytest.mark.parametrize(
    ("status", "again"),
    [
        *[(status, ["t"]) for status in (408, 499, 502, 504, 520, 524, 546)],
        *[(status, []) for status in (200, 400, 500, 503)],
    ],
)
async def test_a_write_that_a_gateway_gave_up_is_dropped_again_later(status, again):
    """The database may still be at it: what is read until then shows what was there before."""
    seen = Seen(response(status, b"rows"))
    await seen.call()
    assert seen.dropped_again == again
