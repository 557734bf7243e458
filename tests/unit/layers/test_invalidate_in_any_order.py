"""Reads and writes in any order: no read gives what is older than an answered write."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.config.cache import Cache
from sidecar.errors import UpstreamReset
from sidecar.layers.invalidate import InvalidateLayer, Parts
from tests.support.builders import response
from tests.support.cached import World, read
from tests.support.virtual_time import VirtualClock, in_virtual_time

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
