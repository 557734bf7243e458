"""Two sidecars, duplicates and every kind of failure, in any order: nothing is sent twice."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import ExchangeError, TruncatedBody
from sidecar.exchange import stack
from sidecar.layers.ledger import ledger
from tests.support.bodies import whole
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.ledgers import RESET, UNSENT, Slow, World, judged, shared

KINDS = st.sampled_from(["ok", "unsent", "reset", "refused", "broken"])


@settings(max_examples=60)
@given(
    st.lists(KINDS, min_size=12, max_size=12),
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([b"a", b"b"]), st.booleans()), max_size=10
    ),
    st.booleans(),
)
def test_a_message_is_never_sent_twice(kinds, calls, is_shared):
    """Whatever the upstream does, whoever leaves, at whichever of two sidecars."""

    asyncio.run(Chaos(kinds, is_shared).play(calls))


class Chaos:
    """Two sidecars before an upstream that plays `kinds`, and refuses to be sent a message twice.

    Without a shared store, each sidecar answers for itself only.
    """

    def __init__(self, kinds, is_shared):
        clock = FakeClock(start=100.0)
        store = shared(clock) if is_shared else None
        self.kinds = list(kinds)
        self.is_shared = is_shared
        self.fates = {}
        self.clock = clock
        self.parts = World(sidecars=2, store=store, clock=clock, honoured=False, wait=0.05).parts
        self.handlers = [stack(ledger(parts), on=self.upstream) for parts in self.parts]

    async def upstream(self, subject):
        place = (subject.request.headers[0][1], self.is_shared or subject.id)
        assert self.fates.get(place) in (None, "unsent", "refused"), "sent twice"
        self.fates[place] = "under way"
        kind = self.kinds.pop(0)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.fates[place] = "unsent"
            raise
        if kind == "unsent":
            self.fates[place] = kind
            raise UNSENT
        subject.timeline.sent_at = self.clock.now()
        await asyncio.sleep(0)
        self.fates[place] = kind
        if kind == "reset":
            raise RESET
        if kind == "refused":
            return judged(429, "refused")
        answer = response(200, b"ok")
        if kind == "broken":
            answer.body = Slow()
            answer.body.chunks.put_nowait(TruncatedBody("x", code="truncated_body"))
        return answer

    async def call(self, sidecar, key):
        fields = [(b"Idempotency-Key", key)]
        subject = exchange(request("POST", "/messages", fields, b"{}"), deadline=200.0)
        subject.id = f"{sidecar}"
        answer = await self.handlers[sidecar](subject)
        try:
            return answer.status, await whole(answer)
        finally:
            answer.close()

    async def play(self, calls):
        tasks = []
        for sidecar, key, leaves in calls:
            tasks.append(asyncio.ensure_future(self.call(sidecar, key)))
            if leaves:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                tasks[-1].cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            expected = outcome in ((200, b"ok"), (429, b"no"))
            assert expected or isinstance(outcome, ExchangeError | asyncio.CancelledError), outcome
        assert all(not parts.ledger.snapshot()["in_flight"] for parts in self.parts)
