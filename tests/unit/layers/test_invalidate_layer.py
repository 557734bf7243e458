import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.config.cache import Cache
from sidecar.errors import ConnectError, UpstreamReset
from sidecar.exchange import BytesBody, Response
from sidecar.layers.invalidate import InvalidateLayer, Parts, invalidate
from tests.support.builders import exchange, request, response
from tests.support.cached import World, read
from tests.support.virtual_time import VirtualClock, in_virtual_time, virtually


class Seen:
    """Notes what is dropped, and what that was decided by."""

    def __init__(self, outcome, *, reads=False, ends=False):
        self.outcome = outcome
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
        )
        self.layer = invalidate(parts)(self._upstream)

    def _written(self, subject, head, body):
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


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["read", "write", "write", "lose", "wait"]),
        st.sampled_from(["/a", "/b"]),
        st.sampled_from([0.0, 0.1, 0.3]),
        st.sampled_from([0.0, 0.1, 0.3]),
        st.sampled_from([b"one", b"two"]),
    ),
    max_size=14,
)


class Database:
    """Two values, changed in the middle of a call; every read and write takes its time."""

    def __init__(self):
        self.values = {"/a": 0, "/b": 0}
        self.seen = {}
        self.times = {}
        config = Cache(ttl=60.0, stale_if_error=60.0)
        layer = InvalidateLayer(self.upstream, self.parts())
        self.world = World(config=config, clock=VirtualClock(), inner=lambda _: layer)

    def parts(self):
        def written(subject, head, _):
            return self.world.targets.written_tags(subject, head)

        def drop(tags):
            self.world.entries.bump(tags, self.world.clock.wall())
            self.world.warmer.dropped(tags)

        return Parts(
            written=written,
            credential=lambda _: None,
            sessions=lambda _: (),
            ends_session=lambda _: False,
            drop=drop,
            write=drop,
            write_again=lambda *_: None,
            reads=lambda _: False,
        )

    async def upstream(self, subject):
        target, method = subject.request.target, subject.request.method
        before, after = self.times.get(subject.id, (0.1, 0.1))
        await asyncio.sleep(before)
        user = dict(subject.request.headers).get(b"Authorization")
        if method != "GET":
            self.values[target] += 1
        body = b"%b:%d" % (user, self.values[target])
        await asyncio.sleep(after)
        if method == "PUT":
            raise UpstreamReset("lost", code="upstream_reset")
        return response(200, body)

    async def act(self, what, target, before, after, user):
        """Each answer is at least as new as what was acknowledged when it was asked for."""
        if what == "wait":
            return
        method = {"read": "GET", "write": "POST", "lose": "PUT"}[what]
        call = self.world.exchange(method, target, [(b"Authorization", user)], b"")
        call.id = f"{len(self.times)}"
        self.times[call.id] = (before, after)
        known = self.seen.get(target, 0)
        try:
            got = await read(await self.world.layer(call))
        except UpstreamReset:
            value = self.values[target]
        else:
            whose, _, text = got.body.partition(b":")
            assert whose == user
            value = int(text)
            assert value >= known
        if what != "read":
            self.seen[target] = max(self.seen.get(target, 0), value)


@settings(max_examples=300, deadline=None)
@given(ACTS)
def test_whoever_reads_after_a_write_was_answered_sees_it(acts):
    async def play():
        database = Database()
        tasks = []
        for act in acts:
            tasks.append(asyncio.create_task(database.act(*act)))
            await asyncio.sleep(act[2])
        await asyncio.gather(*tasks)
        database.world.warmer.close()
        await asyncio.sleep(1)
        assert database.world.desk.inflight == 0

    in_virtual_time(play())


async def test_a_write_whose_answer_was_lost_is_dropped_again_later():
    lost = Seen(UpstreamReset("reset", code="upstream_reset"))
    with pytest.raises(UpstreamReset):
        await lost.call()
    assert (lost.dropped, lost.dropped_again) == (["t"], ["t"])
    refused = Seen(ConnectError("refused", code="connect_error"))
    with pytest.raises(ConnectError):
        await refused.call()
    assert refused.dropped_again == []
