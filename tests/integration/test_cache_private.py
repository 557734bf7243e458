"""What is for one only, on routes whose answers are for all, over real sockets."""

import asyncio

import pytest

from sidecar.config import Cache
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, connected, get
from tests.support.steps import body, message, reply, send, wait

ALICE, BOB = "Authorization: Bearer alice", "Authorization: Bearer bob"


def is_alices(request):
    return b"Bearer alice" in [value for _, value in request.headers]


@pytest.mark.parametrize(
    ("config", "private"),
    [
        (Cache(ttl=60.0, shared=True), b"Set-Cookie: session=alice"),
        (Cache(ttl=60.0, shared=True), b"Cache-Control: no-store"),
        (Cache(mode="rfc9111", shared=True), b"Cache-Control: private"),
    ],
)
async def test_when_one_leaves_its_private_answer_goes_to_nobody(config, private):
    def choose(request):
        if is_alices(request):
            return (body, wait(0.3), send(message(b"alice's", private)))
        return reply(b"bob's")

    async with proxied(choose=choose, cache=config) as (sidecar, origin):
        async with connected(sidecar.proxy) as alice:
            await alice.send(get("/api/x", ALICE))
            await soon(lambda: len(origin.requests) == 1)
            bob = asyncio.create_task(ask(sidecar.proxy, get("/api/x", BOB)))
            await asyncio.sleep(0.1)
            assert len(origin.requests) == 1  # he has joined her
            alice.reset()
            answer = await bob
        assert answer.body == b"bob's"
        assert not answer.values("set-cookie")
        assert len(origin.requests) == 2


async def test_a_token_that_has_ended_does_not_spoil_what_others_share():
    def choose(request):
        if is_alices(request) and len(origin.requests) > 1:
            return reply(b"expired", status=b"401 Unauthorized")
        return reply(b"good")

    kept = Cache(ttl=0.3, shared=True, stale_while_revalidate=60.0, negative={401: 30.0})
    async with proxied(choose=choose, cache=kept) as (sidecar, origin):
        for _ in range(2):
            assert (await ask(sidecar.proxy, get("/api/x", ALICE))).body == b"good"
        await soon(lambda: len(origin.requests) > 1)  # kept warm, in vain
        await asyncio.sleep(0.3)
        for _ in range(4):
            assert (await ask(sidecar.proxy, get("/api/x", BOB))).body == b"good"
            await asyncio.sleep(0.1)
        assert not is_alices(origin.requests[-1])
