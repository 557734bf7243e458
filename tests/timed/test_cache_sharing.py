"""Two sidecars that share a store: what one changes, the other does not give out any more.

On a real Redis, which may be stopped, started again, and frozen; and on a file.
"""

import asyncio
import logging

import pytest
from redis.asyncio import Redis

from tests.support.fleet import Database, fleet, seen_within
from tests.support.proxied import soon
from tests.support.redis import redis_server

AT_ONCE = 0.1
"""Seconds within which a message must have done its work."""
NOISE = 0.4
"""What a busy machine may add to that, once in a while."""
RECHECK = 1.0


def redis(server):
    shared = f"{{kind: redis, url: '{server.url}', prefix: test, recheck: {RECHECK}s}}"
    return f"{{secret: a secret of the test, shared: {shared}}}"


@pytest.fixture
async def server(tmp_path):
    async with redis_server(tmp_path) as made:
        yield made


async def heard(*members):
    """Wait until they hear each other."""
    for member in members:
        await soon(lambda member=member: is_up(member), within=10)


def is_up(member):
    return member.sidecar._parts.caching.sharing.message_stats.up


async def gap(member, version):
    return await seen_within(member, version, 5.0)


async def test_a_write_through_one_is_seen_by_the_other_at_once(server):
    async with fleet(2, stores=redis(server)) as (one, other):
        await heard(one, other)
        gaps = []
        for number in range(10):
            assert (await one.read()).version == number
            assert (await one.read()).is_hit
            await other.write(id=number, chat_id=7)
            gaps.append(await gap(one, number + 1))
        assert max(gaps) < AT_ONCE + NOISE, gaps
        assert sorted(gaps)[5] < AT_ONCE
        assert one.database.reads <= 12


async def test_what_one_has_read_the_other_has_too_until_it_is_changed(server):
    async with fleet(2, stores=redis(server)) as (one, other):
        await heard(one, other)
        await asyncio.sleep(1.1)  # so that it is after the beginning of the store
        await one.read()
        shared = one.sidecar._parts.keeping.shared
        await soon(lambda: not shared.stats.pending)
        assert (await other.read()).is_hit
        await other.write(id=1, chat_id=7)
        await gap(one, 1)
        assert (await other.read()).version == 1


@pytest.mark.parametrize(
    "scope",
    [
        {"all": True},
        {"upstream": "api"},
        {"upstream": "api", "prefix": "/rest/v1/mess"},
        {"upstream": "api", "tag": "table:messages"},
        {"upstream": "api", "tag": "mine"},
        {"url": "/api/rest/v1/messages?chat_id=eq.7"},
    ],
)
async def test_a_purge_by_one_reaches_the_other_at_once(server, scope):
    async with fleet(2, stores=redis(server)) as (one, other):
        await heard(one, other)
        await one.read()
        await one.read("/rest/v1/people", token="you")
        one.database.version = 1
        assert (await other.clear(**scope, dry_run=True))["entries"] == 0
        assert (await one.read()).is_hit
        said = await other.clear(**scope)
        assert (said["entries"], said["others"]) == (0, "told")
        assert await gap(one, 1) < AT_ONCE + NOISE
        narrow = "prefix" in scope or "url" in scope or scope.get("tag") == "table:messages"
        assert (await one.read("/rest/v1/people", token="you")).is_hit is narrow


async def test_a_soft_purge_by_one_leaves_it_stale_at_the_other(server):
    stale = "stale_while_revalidate: 10m"
    async with fleet(2, stores=redis(server), cache=stale) as (one, other):
        await heard(one, other)
        await one.read()
        one.database.version = 1
        await other.clear(upstream="api", prefix="/rest/", soft=True)
        await soon(lambda: one.sidecar._parts.caching.sharing.message_stats.heard)
        got = await one.read()
        assert (got.version, "stale-while-revalidate" in got.note) == (0, True)
        await gap(one, 1)


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
async def test_without_the_server_nothing_fails_and_nothing_is_stale_for_long(
    server, trouble, caplog
):
    caplog.set_level(logging.INFO, "sidecar.event")
    async with fleet(2, stores=redis(server)) as (one, other):
        await heard(one, other)
        await one.read()
        server.kill() if trouble == "killed" else server.freeze()
        try:
            for number in range(2):
                await other.write(id=number, chat_id=7)
                assert await seen_within(one, number + 1, 10) < 2 * RECHECK + NOISE
            assert (await one.clear(all=True))["entries"] == 1
            await soon(lambda: not is_up(one) and not is_up(other), within=10)
            assert (await other.clear(all=True))["others"] == "later"
        finally:
            await server.start() if trouble == "killed" else server.thaw()
        await heard(one, other)
        await soon(lambda: one.sidecar._parts.keeping.shared.up, within=10)
        await soon(lambda: other.sidecar._parts.keeping.shared.up, within=10)
        assert (await one.read()).version == 2
        await other.write(id=9, chat_id=7)
        assert await gap(one, 3) < AT_ONCE + NOISE
        names = [record.msg for record in caplog.records]
        assert names.count("messages_down") == 2
        assert names.count("messages_up") == 4


async def test_a_write_while_the_server_is_away_is_known_when_it_is_back(server):
    """Killed, it has forgotten all: what is in memory was not asked for since, so it is stale."""
    async with fleet(2, stores=redis(server)) as (one, other):
        await heard(one, other)
        await one.read()
        server.kill()
        await other.write(id=1, chat_id=7)
        await server.start()
        await heard(one, other)
        assert await seen_within(one, 1, 10) < RECHECK + NOISE


async def test_strangers_on_the_channel_change_nothing(server):
    async with fleet(1, stores=redis(server)) as (one,):
        await heard(one)
        await one.read()
        async with Redis.from_url(server.url) as stranger:
            for data in (b"", b"\x01\x94", b"x" * 1_000_000):
                await stranger.publish("test:messages", data)
        stats = one.sidecar._parts.caching.sharing.message_stats
        await soon(lambda: stats.unreadable == 3)
        assert (await one.read()).is_hit


async def test_a_message_gives_away_nothing_of_what_was_asked_for(server):
    async with (
        fleet(1, stores=redis(server)) as (one,),
        Redis.from_url(server.url) as listener,
        listener.pubsub() as channel,
    ):
        await channel.subscribe("test:messages")
        await heard(one)
        await one.read("/rest/v1/messages?phone=eq.4917012345")
        await one.write("/rest/v1/messages?columns=phone", phone="4917012345")
        heard_of = b""
        while b"sidecar" not in heard_of and len(heard_of) < 20:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
            heard_of += message["data"] if message else b""
    assert heard_of
    for word in (b"4917012345", b"messages", b"phone", b"Bearer"):
        assert word not in heard_of


# A file that two processes share.


def sqlite(tmp_path, recheck=RECHECK):
    shared = f"{{kind: sqlite, path: '{tmp_path}/store.db', recheck: {recheck}s}}"
    return f"{{shared: {shared}}}"


async def test_through_a_file_a_write_is_seen_within_the_time_of_a_look_up(tmp_path):
    async with fleet(2, stores=sqlite(tmp_path)) as (one, other):
        await one.read()
        for number in range(2):
            assert (await one.read()).is_hit
            await other.write(id=number, chat_id=7)
            assert await seen_within(one, number + 1, 10) < 1.5 * RECHECK + NOISE


async def test_who_has_a_file_to_himself_looks_nothing_up(tmp_path):
    async with fleet(1, stores=sqlite(tmp_path, recheck=0.3)) as (one,):
        await one.read("/rest/v1/messages?id=eq.1")
        await one.read("/rest/v1/messages?id=eq.2")
        await one.write(id=2)
        await asyncio.sleep(1.5)
        assert (await one.read("/rest/v1/messages?id=eq.1")).is_hit
        assert not (await one.read("/rest/v1/messages?id=eq.2")).is_hit


async def test_what_was_kept_before_a_restart_is_used_after_it_unless_it_was_changed(tmp_path):
    database = Database()
    async with fleet(1, stores=sqlite(tmp_path), database=database) as (one,):
        await asyncio.sleep(1.1)
        await one.read("/rest/v1/messages?id=eq.1")
        await one.read("/rest/v1/people?id=eq.1")
    async with fleet(1, stores=sqlite(tmp_path), database=database) as (one,):
        assert (await one.read("/rest/v1/people?id=eq.1")).is_hit
        await one.write(id=1)
    async with fleet(1, stores=sqlite(tmp_path), database=database) as (one,):
        assert (await one.read("/rest/v1/people?id=eq.1")).is_hit
        assert not (await one.read("/rest/v1/messages?id=eq.1")).is_hit
