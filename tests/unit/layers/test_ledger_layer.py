import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.config.ledger import Ledger as Config
from sidecar.core.ledger import Ledger
from sidecar.core.ledger_key import LedgerKeys
from sidecar.errors import BadRequest, ConnectError, ExchangeError, TruncatedBody, UpstreamReset
from sidecar.exchange import BytesBody, stack
from sidecar.judgement import Judgement
from sidecar.layers.ledger import Parts, ledger
from sidecar.store.ledger import SharedLedger
from sidecar.store.memory import Memory, MemoryStore
from sidecar.telemetry.ledger_stats import LedgerStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

UNSENT = ConnectError("refused", code="connect_error")
RESET = UpstreamReset("reset", code="upstream_reset")
REPLAYED = (b"Idempotency-Replayed", b"true")


class Slow:
    """A body whose chunks come when they are given."""

    length = None

    def __init__(self):
        self.chunks = asyncio.Queue()

    def take(self):
        return None

    async def read(self):
        chunk = await self.chunks.get()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk


class Gate:
    """An outcome that comes when it is let go."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.open = asyncio.Event()


class World:
    """One or more sidecars before one upstream that plays `outcomes` in order."""

    def __init__(self, *outcomes, sidecars=1, store=None, clock=None, **config):
        self.outcomes = list(outcomes)
        self.sent = []
        self.clock = clock or FakeClock(start=100.0)
        self.config = Config(**config)
        self.store = store
        self.parts = [self._parts() for _ in range(sidecars)]
        self.handlers = [stack(ledger(parts), on=self._upstream) for parts in self.parts]

    def _parts(self):
        config = self.config
        return Parts(
            config=config,
            keys=LedgerKeys(config.header, b"secret"),
            ledger=Ledger(config.keep, config.max_size, honoured=config.honoured),
            stats=LedgerStats(),
            clock=self.clock,
            shared=self.store and SharedLedger(self.store, config.keep, self.clock),
        )

    @property
    def stats(self):
        return self.parts[0].stats

    async def _upstream(self, subject):
        self.sent.append(subject)
        subject.timeline.sent_at = self.clock.now()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Gate):
            await outcome.open.wait()
            outcome = outcome.outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def call(self, key=b"k", body=b"{}", *, method="POST", sidecar=0, left=30.0):
        fields = [(b"Idempotency-Key", key)] if key else []
        subject = exchange(
            request(method, "/messages", fields, body), deadline=self.clock.now() + left
        )
        return await self.handlers[sidecar](subject)

    async def whole(self, *args, **settings):
        """Status and body, or the code of the error."""
        try:
            answer = await self.call(*args, **settings)
            got = answer.status, await read(answer)
        except ExchangeError as error:
            return error.code
        answer.close()
        return got


async def read(answer):
    parts = []
    while data := await answer.body.read():
        parts.append(data)
    return b"".join(parts)


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


def judged(status, kind, body=b"no"):
    answer = response(status, body)
    answer.judgement = Judgement("ignore", kind, f"http_{status}")
    return answer


def shared(clock):
    return MemoryStore(Memory(1 << 20, 1 << 20), clock)


async def test_the_same_key_gets_the_same_answer_and_nothing_is_sent():
    world = World(response(201, b"made", [(b"Content-Length", b"4")]))
    assert await world.whole() == (201, b"made")
    again = await world.call()
    assert (again.status, await read(again), again.source) == (201, b"made", "cache")
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
    await settled()


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


async def test_duplicates_wait_for_the_first_and_get_its_answer():
    gate = Gate(response(201, b"made"))
    world = World(gate)
    calls = [asyncio.ensure_future(world.whole()) for _ in range(5)]
    await settled()
    assert len(world.sent) == 1
    gate.open.set()
    assert await asyncio.gather(*calls) == [(201, b"made")] * 5
    assert (world.stats.waited, world.stats.replayed) == (4, 4)


async def test_duplicates_wait_until_the_answer_is_complete():
    answer = response(200)
    answer.body = body = Slow()
    world = World(answer)
    first = await world.call()
    second = asyncio.ensure_future(world.whole())
    body.chunks.put_nowait(b"half")
    await first.body.read()
    await settled()
    assert not second.done()
    body.chunks.put_nowait(b"")
    assert await first.body.read() == b""
    assert await second == (200, b"half")  # before the first is closed
    first.close()


async def test_a_duplicate_waits_no_longer_than_it_may():
    gate = Gate(response(200))
    world = World(gate, wait=0.01)
    first = asyncio.ensure_future(world.whole())
    await settled()
    assert await world.whole() == "idempotency_in_flight"
    assert await world.whole(left=0.0) == "idempotency_in_flight"
    gate.open.set()
    assert await first == (200, b"")


async def test_if_the_first_was_never_sent_one_of_those_who_wait_sends():
    gate, second = Gate(UNSENT), Gate(response(200, b"sent"))
    world = World(gate, second)
    calls = [asyncio.ensure_future(world.whole()) for _ in range(4)]
    await settled()
    gate.open.set()
    await settled()
    assert len(world.sent) == 2
    second.open.set()
    assert await asyncio.gather(*calls) == ["connect_error", *[(200, b"sent")] * 3]


async def test_a_client_that_leaves_before_anything_was_sent_leaves_the_key_free():
    world = World(response(200, b"sent"))

    async def stuck(subject):
        await asyncio.Event().wait()

    pooled = stack(ledger(world.parts[0]), on=stuck)
    subject = exchange(request("POST", "/messages", [(b"Idempotency-Key", b"k")], b"{}"))
    call = asyncio.ensure_future(pooled(subject))
    await settled()
    waiting = asyncio.ensure_future(world.whole())
    await settled()
    call.cancel()
    assert await waiting == (200, b"sent")
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize(("honoured", "then"), [(False, "idempotency_unknown"), (True, (200, b""))])
async def test_a_call_that_is_cut_off_under_way_may_have_been_done(honoured, then):
    world = World(Gate(response(200)), response(200), honoured=honoured)
    call = asyncio.ensure_future(world.call())
    await settled()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await world.whole() == then


async def test_a_waiting_client_that_leaves_disturbs_nobody():
    gate = Gate(response(200, b"x"))
    world = World(gate)
    calls = [asyncio.ensure_future(world.whole()) for _ in range(4)]
    await settled()
    calls[1].cancel()
    await settled()
    gate.open.set()
    assert await asyncio.gather(calls[0], *calls[2:]) == [(200, b"x")] * 3


async def test_an_answer_is_read_to_its_end_although_its_client_left():
    closed = []
    answer = response(200)
    answer.body = body = Slow()
    answer.on_close(closed.append)
    world = World(answer)
    first = await world.call()
    second = asyncio.ensure_future(world.whole())
    body.chunks.put_nowait(b"one ")
    await first.body.read()
    first.close(ConnectionResetError())
    body.chunks.put_nowait(b"two")
    await settled()
    assert closed == []
    body.chunks.put_nowait(b"")
    assert await second == (200, b"one two")
    await settled()
    assert len(closed) == 1
    assert not world.parts[0].finishing


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
    await settled()
    assert len(closed) == 1
    assert await world.whole() == "idempotency_answer_lost"


# Two sidecars, one store.


async def test_what_one_sidecar_did_another_knows():
    clock = FakeClock(start=100.0)
    world = World(response(201, b"made"), sidecars=2, store=shared(clock), clock=clock)
    assert await world.whole(sidecar=0) == (201, b"made")
    assert await world.whole(sidecar=1) == (201, b"made")
    assert await world.whole(sidecar=1, body=b"[]") == "idempotency_key_reused"
    assert len(world.sent) == 1


async def test_a_duplicate_at_another_sidecar_waits_for_the_first():
    clock = FakeClock(start=100.0)
    gate = Gate(response(201, b"made"))
    world = World(gate, sidecars=2, store=shared(clock), clock=clock)
    first = asyncio.ensure_future(world.whole(sidecar=0))
    await settled()
    second = asyncio.ensure_future(world.whole(sidecar=1))
    await settled()
    gate.open.set()
    assert await asyncio.gather(first, second) == [(201, b"made")] * 2
    assert 0.1 in clock.slept


async def test_if_the_first_was_never_sent_the_other_sidecar_sends():
    clock = FakeClock(start=100.0)
    gate = Gate(UNSENT)
    outcomes = (gate, response(200, b"sent"))
    world = World(*outcomes, sidecars=2, store=shared(clock), clock=clock)
    first = asyncio.ensure_future(world.whole(sidecar=0))
    await settled()
    second = asyncio.ensure_future(world.whole(sidecar=1))
    await settled()
    gate.open.set()
    assert await asyncio.gather(first, second) == ["connect_error", (200, b"sent")]


async def test_another_sidecar_is_not_waited_for_beyond_the_wait():
    clock = FakeClock(start=100.0)
    gate = Gate(response(200))
    world = World(gate, sidecars=2, store=shared(clock), clock=clock, wait=1.0)
    first = asyncio.ensure_future(world.whole(sidecar=0))
    await settled()
    assert await world.whole(sidecar=1) == "idempotency_in_flight"
    gate.open.set()
    await first


@pytest.mark.parametrize(
    ("honoured", "then"), [(False, "idempotency_unknown"), (True, (200, b"sent"))]
)
async def test_a_claim_whose_sidecar_died_is_an_outcome_that_nobody_knows(honoured, then):
    clock = FakeClock(start=100.0)
    store = shared(clock)
    died = World(Gate(response(200)), store=store, clock=clock, honoured=honoured)
    call = asyncio.ensure_future(died.call(left=30.0))
    await settled()
    restarted = World(response(200, b"sent"), store=store, clock=clock, honoured=honoured)
    clock.advance(36.0)
    assert await restarted.whole() == then
    call.cancel()
    await settled()


async def test_a_client_that_leaves_while_another_sidecar_is_asked_leaves_the_key_free():
    class Hesitant(MemoryStore):
        async def add(self, key, value, ttl):
            added = await super().add(key, value, ttl)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return added

    clock = FakeClock(start=100.0)
    store = Hesitant(Memory(1 << 20, 1 << 20), clock)
    world = World(response(200, b"sent"), sidecars=2, store=store, clock=clock)
    call = asyncio.ensure_future(world.call())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await settled()
    assert world.sent == []
    assert await world.whole(sidecar=1) == (200, b"sent")


@pytest.mark.parametrize("damage", [b"", b"\x01\x90", b"\x80pickle", b"\x01\x93\xa4done\xc0\xc0"])
async def test_a_record_that_cannot_be_read_may_stand_for_a_call_that_was_made(damage):
    clock = FakeClock(start=100.0)
    store = shared(clock)
    world = World(response(200), store=store, clock=clock, honoured=False)
    key = world.parts[0].keys.key(
        exchange(request("POST", "/messages", [(b"Idempotency-Key", b"k")], b"{}"))
    )
    await store.set(f"ledger:{key}", damage, 100.0)
    assert await world.whole() == "idempotency_unknown"
    assert world.sent == []


async def test_without_an_answer_of_the_store_memory_alone_decides():
    class Silent(MemoryStore):
        async def add(self, key, value, ttl):
            return None

        async def get(self, key):
            return None

        def soon(self, key, value, ttl):
            pass

    clock = FakeClock(start=100.0)
    store = Silent(Memory(1, 1), clock)
    world = World(response(200, b"x"), store=store, clock=clock)
    assert [await world.whole() for _ in range(2)] == [(200, b"x")] * 2
    assert len(world.sent) == 1


async def test_of_an_answer_that_the_store_does_not_take_the_fact_is_kept():
    clock = FakeClock(start=100.0)
    store = MemoryStore(Memory(1 << 20, max_object=200), clock)
    world = World(response(200, b"x" * 300), sidecars=2, store=store, clock=clock, honoured=False)
    assert await world.whole() == (200, b"x" * 300)
    assert await world.whole(sidecar=1) == "idempotency_answer_lost"
    assert await world.whole() == (200, b"x" * 300)


async def test_an_answer_that_went_from_memory_comes_from_the_store():
    clock = FakeClock(start=100.0)
    answers = (response(200, b"first"), response(200, b"x" * 400))
    world = World(*answers, store=shared(clock), clock=clock, honoured=False, max_size=1200)
    await world.whole(key=b"1")
    await world.whole(key=b"2")
    assert world.parts[0].ledger.evicted
    assert await world.whole(key=b"1") == (200, b"first")
    assert len(world.sent) == 2


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
            return answer.status, await read(answer)
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
