"""The server closes idle connections after some seconds; no write is lost to that, or doubled."""

import asyncio
import itertools
import socket
import time
from contextlib import AsyncExitStack

import pytest

from tests.supabase.people import world
from tests.supabase.server import PUBLISHABLE_KEY

pytestmark = pytest.mark.timeout(120)

AROUND = (-0.1, -0.04, -0.015, -0.005, 0.0, 0.005, 0.015, 0.04)
"""Seconds from when the server closes, at which the same connections would be used."""
TOGETHER = 6
ROUNDS = 2
TABLE = "/rest/v1/conversations"
POOLS = ("{}", "{idle: 60s, idle_unsafe: 60s}")
"""As shipped, and as if connections could be trusted for a minute: what the server says must be
heeded still."""


def seconds_until_closed(port):
    """How long the server keeps a connection that nobody uses any more."""
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.settimeout(20.0)
        fields = f"Host: x\r\napikey: {PUBLISHABLE_KEY}"
        raw.sendall(f"HEAD /rest/v1/accounts HTTP/1.1\r\n{fields}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += raw.recv(65536)
        began = time.monotonic()
        assert raw.recv(65536) == b""
        return time.monotonic() - began


@pytest.fixture(scope="module")
def closes_after(shared):
    """Node says `Keep-Alive: timeout=5`; some of its releases add a second to what they say."""
    measured = seconds_until_closed(shared.port)
    assert 4.5 < measured < 7.5
    return measured


async def test_writes_at_the_moment_of_the_close_arrive_once(shared, closes_after):
    async with AsyncExitStack() as stack:
        runs = []
        for pool, offset in itertools.product(POOLS, AROUND):
            settings = (f"pool: {pool}", "retry: {attempts: 1}", "breaker: {enabled: false}")
            there = await stack.enter_async_context(world(shared, *settings))
            runs.append(writes(there, closes_after + offset))
        sent = await asyncio.gather(*runs)
    assert sent == [TOGETHER * (ROUNDS + 1)] * len(runs)


async def writes(there, pause):
    """Rounds of writes, each when the connections of the one before are about to be closed."""
    user = await there.user()
    for number in range(ROUNDS + 1):
        rows = [{"account_id": 1, "title": f"{number}-{at}"} for at in range(TOGETHER)]
        await asyncio.gather(*(user.write("POST", TABLE, row) for row in rows))
        if number < ROUNDS:
            await asyncio.sleep(pause)
    titles = [row["title"] for row in (await user.get(f"{TABLE}?select=title")).data]
    assert len(set(titles)) == len(titles)
    return len(titles)
