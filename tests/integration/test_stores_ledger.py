"""A ledger on the shared stores: what several sidecars are asked for once is sent once."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from sidecar.clock import SystemClock
from sidecar.config.ledger import Ledger as LedgerConfig
from sidecar.config.stores import Stores
from sidecar.core.ledger import Ledger
from sidecar.core.ledger_key import LedgerKeys
from sidecar.errors import BadRequest
from sidecar.exchange import stack
from sidecar.layers.ledger import Parts, ledger
from sidecar.store.ledger import SharedLedger
from sidecar.store.opening import digest_secret
from sidecar.telemetry.ledger_stats import LedgerStats
from tests.support.builders import exchange, request, response
from tests.support.proxied import soon
from tests.support.redis import redis_server
from tests.support.shared_stores import KINDS, NOISE, SLOW, any_store, opened, redis, sqlite


@pytest.fixture(params=KINDS)
async def config(request, tmp_path):
    async with any_store(request.param, tmp_path) as config:
        yield config


class Upstream:
    def __init__(self):
        self.sent = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, subject):
        self.sent += 1
        subject.timeline.sent_at = 1.0
        await self.open.wait()
        return response(201, b"made %d" % self.sent)


@asynccontextmanager
async def sidecar(config, upstream, **settings):
    """The ledger's layer of one sidecar, as a function that makes a call."""
    clock, settings = SystemClock(), LedgerConfig(**{"honoured": False, **settings})
    async with opened(config) as store:
        parts = Parts(
            config=settings,
            keys=LedgerKeys(settings.header, digest_secret(Stores(shared=config))),
            ledger=Ledger(settings.keep, settings.max_size, honoured=settings.honoured),
            stats=LedgerStats(),
            clock=clock,
            shared=SharedLedger(store, settings.keep, clock),
        )
        handler = stack(ledger(parts), on=upstream)

        async def call(key=b"k", left=30.0):
            fields = [(b"Idempotency-Key", key), (b"Authorization", b"Bearer s3cret")]
            subject = exchange(
                request("POST", "/messages", fields, b"{}"), deadline=clock.now() + left
            )
            answer = await handler(subject)
            body = await answer.body.read()
            assert await answer.body.read() == b""
            answer.close()
            return body

        call.store = store
        yield call


async def test_two_sidecars_and_one_after_a_restart_send_a_message_once(config):
    upstream = Upstream()
    upstream.open.clear()
    async with sidecar(config, upstream) as one, sidecar(config, upstream) as other:
        calls = [asyncio.ensure_future(call()) for call in (one, other) for _ in range(5)]
        await asyncio.sleep(0.3)
        assert upstream.sent == 1
        upstream.open.set()
        assert await asyncio.gather(*calls) == [b"made 1"] * 10
    async with sidecar(config, upstream) as restarted:
        assert await restarted() == b"made 1"
        assert await restarted(key=b"other") == b"made 2"


async def test_a_call_whose_sidecar_died_is_never_made_again(config):
    upstream = Upstream()
    upstream.open.clear()
    async with sidecar(config, upstream) as one:
        died = asyncio.ensure_future(one(left=-4.9))
        await soon(lambda: upstream.sent == 1)
        await asyncio.sleep(0.2)
        async with sidecar(config, upstream) as restarted:
            with pytest.raises(BadRequest) as caught:
                await restarted()
        died.cancel()
        await asyncio.gather(died, return_exceptions=True)
    assert caught.value.code == "idempotency_unknown"
    assert upstream.sent == 1


async def test_nothing_of_the_caller_is_in_the_file(tmp_path):
    async with sidecar(sqlite(tmp_path), Upstream()) as call:
        await call(key=b"order-4711")
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"made 1" in data
    assert b"4711" not in data
    assert b"s3cret" not in data


async def test_without_its_store_a_sidecar_still_sends_once(tmp_path):
    upstream = Upstream()
    async with redis_server(tmp_path) as server, sidecar(redis(server), upstream) as call:
        server.freeze()
        try:
            start = time.perf_counter()
            assert await call() == b"made 1"
            assert time.perf_counter() - start < SLOW + NOISE
            assert await call() == b"made 1"
        finally:
            server.thaw()
    assert upstream.sent == 1
