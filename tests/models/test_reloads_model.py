"""A configuration comes into force wholly or not at all, and takes nothing from calls under way.

Whatever is written, in whatever order, and whenever: reloads are the product's own, with real
assemblies; the upstream is played, and time is virtual.
"""

import asyncio
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from sidecar.commands.run import fresh
from sidecar.config import Config
from sidecar.errors import Rejected
from sidecar.exchange import BytesBody, Response
from sidecar.past import Past
from sidecar.reloading import Reloading
from tests.models.editor import Editor
from tests.models.world import Chains, budget


async def _inline(function, *given):
    """As `asyncio.to_thread`, without a thread: time is virtual."""
    await asyncio.sleep(0)
    return function(*given)


class Reloads(Editor):
    """Somebody who edits, and applications that call meanwhile."""

    @initialize()
    def begin_it(self):
        self.begin_file()
        self.good = dict(self.values)
        """What the configuration in force was made of."""
        self.status, self.took = 200, 0.0
        self.refuses = False
        """Whether what is read cannot be put in force."""
        self.taken = 0
        self.past = Past()
        self.limiters = []
        self.run(self.make())

    async def make(self):
        self.chains = Chains(fresh(self.file).config, self.upstream)
        self.reloading = Reloading(
            fresh(self.file), lambda: fresh(self.file), self.adopt, self.chains.clock
        )
        self.reloading.begin()
        self.note()

    async def adopt(self, config: Config):
        """As the program does: all is there before anything changes."""
        before = self.chains
        made = Chains(config, self.upstream, before)
        await asyncio.sleep(0)
        if self.refuses:
            raise OSError("a listener cannot be bound")
        assert self.chains is before, "another has come into force meanwhile"
        self.past.add(made.assembly.take_over(before.assembly))
        self.chains = made
        return []

    def note(self):
        limiter = self.chains.resilience["api"].limiter
        if limiter not in self.limiters:
            self.limiters.append(limiter)

    # ------------------------------------------------------------------------- what happens

    async def upstream(self, exchange):
        took = self.took
        if took:
            await asyncio.sleep(took)
        exchange.timeline.sent_at = exchange.timeline.first_byte_at = self.now + 1e-9
        body = exchange.request.target.encode()
        return Response(self.status, b"OK", [], BytesBody(body))

    @rule(status=st.sampled_from((200, 200, 503)), took=st.sampled_from((0.0, 0.7)))
    def mood_changes(self, status, took):
        self.status, self.took = status, took

    @rule(number=st.integers(0, 5))
    def call(self, number):
        self.begin(self.calling(f"/api/{number}"))

    async def calling(self, target):
        chains, fresh = self.chains, not self.calls
        began = self.now
        exchange = chains.exchange("GET", target, [], None)
        try:
            response = await chains.call(exchange)
        except Rejected:
            return
        assert await response.body.read() == target.removeprefix("/api").encode()
        response.close()
        if fresh and self.chains is chains:
            assert exchange.deadline == began + self.good["total"]

    @rule(which=st.integers(0, 9))
    def somebody_leaves(self, which):
        self.leave(which)

    @rule(seconds=st.sampled_from((0.1, 1.0, 40.0)))
    def time_passes(self, seconds):
        self.pass_(seconds)

    @rule(refuses=st.booleans())
    def listeners(self, refuses):
        self.refuses = refuses

    @rule(times=st.sampled_from((1, 2)), refuses=st.sampled_from((False, False, True)))
    def put_right_and_reload(self, times, refuses):
        """What is written can be used; perhaps not be put in force."""
        self.values.update(restart="", extra="")
        self.file.write_text(self.text())
        self.refuses = refuses
        self.reload(times)
        self.refuses = False

    @rule(times=st.sampled_from((1, 1, 2)))
    def reload(self, times):
        before, generation = self.chains, self.reloading.generation
        states = self.states()
        can = not self.refuses and self.is_good()

        async def all_at_once():
            return await asyncio.gather(*(self.reloading.reload("test") for _ in range(times)))

        with mock.patch("asyncio.to_thread", _inline):
            outcomes = self.run(all_at_once())
        assert [each.ok for each in outcomes] == [can] * times
        if not can:
            assert self.chains is before
            assert self.reloading.generation == generation
            assert all(each.errors for each in outcomes)
            if not self.is_good():
                assert all(str(self.file) in each.errors[0] for each in outcomes)
            assert self.states() == states
            return
        self.taken += times
        self.good = dict(self.values)
        assert self.chains is not before
        assert self.reloading.config == fresh(self.file).config == self.chains.config
        self.note()
        self.check_kept(states)
        self.pass_(0.0)

    def states(self):
        """The states of the configuration in force, and what they are made of."""
        config = self.chains.config.upstreams["api"]
        shared = self.chains.resilience["api"]
        return {
            "budget": (config.retry.budget, id(shared.budget)),
            "breakers": ((config.url, config.breaker), id(shared.breakers)),
            "limiter": ((config.url, config.limit), id(shared.limiter)),
            "memory": (None, id(self.chains.assembly.keeping.responses)),
            "answers": (None, id(self.chains.assembly.caching.entries)),
        }

    def check_kept(self, before):
        """What is made of the same settings is the same state."""
        for name, (basis, state) in self.states().items():
            assert (before[name][1] == state) is (before[name][0] == basis), name

    # ------------------------------------------------------------------------- always

    @invariant()
    def the_last_good_one_is_in_force(self):
        if hasattr(self, "reloading"):
            assert self.reloading.generation == 1 + self.taken
            assert self.reloading.config == self.chains.config
            upstream = self.chains.config.upstreams["api"]
            assert upstream.timeouts.total == self.good["total"]
            assert upstream.limit.inflight == self.good["inflight"]
            assert self.chains.config.drain_timeout == self.good["drain"]

    @invariant()
    def every_limit_holds(self):
        for each in getattr(self, "limiters", ()):
            assert 0 <= each.inflight <= each.limit

    def finish(self):
        """Calls of whichever configuration have ended, and given back what they held."""
        if not hasattr(self, "reloading"):
            return
        self.pass_(30.0)
        assert not self.calls
        self.past.forget()
        assert all(each.inflight == 0 for each in self.limiters)
        assert not len(self.past)
        self.run(self.reloading.stop())
        self.run(self.chains.assembly.close())
        self.folder.cleanup()


TestReloadsInAnyOrder = Reloads.TestCase
TestReloadsInAnyOrder.settings = budget(25, 30)
