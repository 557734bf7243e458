"""What somebody else writes to the shared store: no answer is forged, none changes its caller.

Each sidecar is a new one, so that nothing is in its memory; all have the same `stores.secret`.
"""

import asyncio
import os
import pickle
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from sidecar.store.serializer import VERSION
from sidecar.store.signed import Signed
from tests.support.raw import ask, call, get
from tests.support.redis import redis_server
from tests.support.sidecar import running_sidecar
from tests.support.steps import reply
from tests.support.upstream import Upstream

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
stores:
  secret: known-to-the-fleet-only
  shared: {{kind: redis, url: "{redis}", timeout: 2s}}
upstreams:
  api:
    url: {url}
    cache: {{ttl: 60s}}
    ledger: {{store: shared, honoured: false}}
"""
ALICE, BOB = "Authorization: Bearer alice", "Authorization: Bearer bob"


def whose(request):
    name = b" ".join(request.values(b"authorization")).removeprefix(b"Bearer ")
    return reply(b"of " + name, b"Content-Type: text/plain")


class World:
    """An upstream that says who asked, a store, and its writer."""

    def __init__(self, origin, server, client):
        self.origin, self.server, self.client = origin, server, client

    @asynccontextmanager
    async def sidecar(self):
        """A new one."""
        text = CONFIG.format(redis=self.server.url, url=self.origin.url)
        async with running_sidecar(text) as running:
            yield running

    async def ask(self, data):
        """A new sidecar's answer."""
        async with self.sidecar() as running:
            return await ask(running.proxy, data)

    async def fill(self, data, content):
        """Have a sidecar store what comes of a request; the name of the record."""
        async with self.sidecar() as running:
            await ask(running.proxy, data)
            async with asyncio.timeout(5.0):
                while (name := await self.record_of(content)) is None:
                    await asyncio.sleep(0.01)
        return name

    async def record_of(self, content):
        """The name of the record that holds these bytes."""
        for name in await self.client.keys("sidecar:*"):
            if content in (await self.client.get(name) or b""):
                return name
        return None


@pytest.fixture
async def world(tmp_path):
    async with (
        redis_server(tmp_path) as server,
        Upstream(choose=whose) as origin,
        Redis.from_url(server.url) as client,
    ):
        yield World(origin, server, client)


class Bomb:
    """What pickle would run."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (self.file,)


POISONS = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"\0",
    "another body": lambda data: data.replace(b"of alice", b"of mallo"),
    "another signature": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "without a signature": lambda data: data[16:],
    "of a future version": lambda data: data[:16] + b"\x02" + data[17:],
    "of no version": lambda data: VERSION,
    "deeply nested": lambda data: data[:16] + VERSION + b"\x91" * 100_000,
    "giant": lambda data: data[:16] + VERSION + b"\xc6\x02\x00\x00\x00" + bytes(1 << 25),
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
async def test_an_answer_that_somebody_changed_is_a_miss(world, poison):
    name = await world.fill(get("/api/x", ALICE), b"of alice")
    await world.client.set(name, poison(await world.client.get(name)), keepttl=True)
    answer = await world.ask(get("/api/x", ALICE))
    assert (answer.status, answer.body) == (200, b"of alice")
    assert len(world.origin.requests) == 2


async def test_an_answer_that_nobody_changed_is_a_hit(world):
    await world.fill(get("/api/x", ALICE), b"of alice")
    assert (await world.ask(get("/api/x", ALICE))).body == b"of alice"
    assert len(world.origin.requests) == 1


async def test_nothing_that_is_pickled_is_run(world, tmp_path):
    name = await world.fill(get("/api/x", ALICE), b"of alice")
    made = tmp_path / "made"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        await world.client.set(name, pickle.dumps(Bomb(str(made)), protocol))
        assert (await world.ask(get("/api/x", ALICE))).body == b"of alice"
    assert not made.exists()


async def test_answers_that_changed_places_change_no_caller(world):
    alices = await world.fill(get("/api/x", ALICE), b"of alice")
    bobs = await world.fill(get("/api/x", BOB), b"of bob")
    one, other = await world.client.get(alices), await world.client.get(bobs)
    await world.client.mset({alices: other, bobs: one})
    for who, body in ((ALICE, b"of alice"), (BOB, b"of bob")):
        assert (await world.ask(get("/api/x", who))).body == body
    assert len(world.origin.requests) == 4


async def test_a_record_of_another_kind_stops_nothing(world):
    name = await world.fill(get("/api/x", ALICE), b"of alice")
    await world.client.delete(name)
    await world.client.rpush(name, b"of mallory")
    assert (await world.ask(get("/api/x", ALICE))).body == b"of alice"


@pytest.mark.parametrize("poison", ["another body", "truncated", "without a signature", "empty"])
async def test_an_outcome_that_somebody_changed_is_not_given_out_and_nothing_is_sent_again(
    world, poison
):
    data = call("POST", "/api/x", ALICE, "Idempotency-Key: 1", content=b"{}")
    name = await world.fill(data, b"of alice")
    await world.client.set(name, POISONS[poison](await world.client.get(name)), keepttl=True)
    answer = await world.ask(data)
    assert (answer.status, answer.error) == (409, "idempotency_unknown")
    assert b"mallo" not in answer.body
    assert len(world.origin.requests) == 1


async def test_a_beginning_that_somebody_changed_is_made_anew(world):
    """Else no answer of another sidecar would ever be taken for current again."""
    await world.fill(get("/api/x", ALICE), b"of alice")
    names = await world.client.keys("sidecar:c*")
    assert names
    for name in names:
        await world.client.set(name, b"junk")
    await world.ask(get("/api/x", ALICE))
    for name in names:
        assert await world.client.get(name) != b"junk"


async def test_what_is_no_message_of_the_fleet_is_counted_and_heard_by_nobody(world):
    async with world.sidecar() as running, asyncio.timeout(5.0):
        while unreadable(running) < 2:  # it begins to listen a moment later
            for data in (b"junk", b"\0" * 300_000):
                await world.client.publish("sidecar:messages", data)
            await asyncio.sleep(0.02)


def unreadable(running):
    """How many messages were."""
    body, _ = running.sidecar.metrics.render()
    lines = [line for line in body.decode().splitlines() if 'result="unreadable"' in line]
    return sum(float(line.split()[-1]) for line in lines)


def test_every_shared_store_is_signed():
    from sidecar.clock import SystemClock
    from sidecar.config.stores import SqliteStore, Stores
    from sidecar.store.opening import make_shared
    from sidecar.telemetry.store_stats import StoreStats

    store = make_shared(Stores(shared=SqliteStore()), SystemClock(), StoreStats())
    assert isinstance(store._backend, Signed)
