"""Deliveries in a Redis server are found by where they go, at the cost of those that are shown."""

import asyncio

import pytest

from sidecar.spool import Settlement, redis_finding
from sidecar.spool.redis_server import Refused
from tests.support.redis import redis_server
from tests.support.spool_redis import DELIVERED, NOW, added, spools


async def commands(spool):
    """How many the server has done."""
    return (await spool._server.ask("INFO", "stats"))["total_commands_processed"]


async def ids(spool, **asked):
    """Those of a page."""
    return [one.id for one in await spool.find(**asked)]


async def all_pages(spool, between, **asked):
    """Those of all pages of four; something happens between two of them."""
    found = []
    while True:
        page = await ids(spool, after=found[-1] if found else None, most=4, **asked)
        found += page
        if len(page) < 4:
            return found
        await between()


async def before_they_were_filed(spool):
    """What a sidecar leaves that does not know that deliveries are found by where they go."""
    base = spool._server.base
    for place in (b"of:whatsapp/send", b"of:gemini/send", b"of:gemini/other", b"of"):
        await spool._server.ask("DEL", base.encode() + place)
    await spool._server.ask("HDEL", f"{base}meta", "filed")


@pytest.mark.parametrize(
    "asked",
    [
        {"upstream": "gemini"},
        {"route": "other"},
        {"upstream": "gemini", "states": ["queued", "failed"]},
        {"upstream": "none"},
    ],
)
async def test_those_of_others_cost_nothing(asked, tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        await added(spool, 300)
        wanted = await added(spool, 2, upstream="gemini", route="other")
        await spool.find(**asked)  # the scripts are known from now on
        before = await commands(spool)
        assert await ids(spool, **asked) == ([] if asked == {"upstream": "none"} else wanted)
        assert await commands(spool) - before < 30


@pytest.mark.parametrize("newest_first", [False, True])
async def test_pages_have_all_that_stays_once_while_others_come_and_go(
    newest_first, tmp_path, monkeypatch
):
    monkeypatch.setattr(redis_finding, "_LOOK", 5)
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        stays, going = [], []
        for _ in range(15):
            stays += await added(spool, upstream="gemini", not_before=NOW + 1)
            going += await added(spool, upstream="gemini")
            stays += await added(spool, upstream="gemini", route="other", not_before=NOW + 1)
            await added(spool, not_before=NOW + 1)

        async def come_and_go():
            await added(spool, upstream="gemini")
            for one in await spool.take(NOW, 2):
                await spool.settle(one.id, DELIVERED)
            await spool.forget(NOW + 1, 1)

        for asked in ({"upstream": "gemini"}, {"upstream": "gemini", "states": ["queued"]}):
            found = await all_pages(spool, come_and_go, newest_first=newest_first, **asked)
            assert found == sorted(set(found), reverse=newest_first)
            assert set(stays) <= set(found)


async def test_those_that_an_earlier_version_accepted_are_found_too(tmp_path, monkeypatch):
    monkeypatch.setattr(redis_finding, "_PAGE", 2)
    async with redis_server(tmp_path) as server, spools(server, 2) as (spool, other):
        wanted = await added(spool, 5, upstream="gemini")
        await added(spool, 3)
        await before_they_were_filed(spool)
        wanted += await added(spool, upstream="gemini", route="other")
        found = await asyncio.gather(ids(spool, upstream="gemini"), ids(other, upstream="gemini"))
        assert found == [wanted, wanted]
        assert await ids(spool, upstream="gemini") == wanted
        before = await commands(spool)
        assert await ids(spool, upstream="none") == []
        assert await commands(spool) - before < 10


async def test_those_that_an_earlier_version_accepts_beside_this_one_are_found_too(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        wanted = await added(spool, 3, upstream="gemini")
        assert await ids(spool, upstream="gemini") == wanted
        base = spool._server.base
        await spool._server.ask("ZREM", f"{base}of:gemini/send", wanted[1])
        await spool._server.ask("HINCRBY", f"{base}meta", "cursor", 1)
        wanted += await added(spool, upstream="gemini")
        assert await ids(spool, upstream="gemini") == wanted


async def test_those_that_an_earlier_version_forgot_are_found_no_more(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        first, gone, last = await added(spool, 3, upstream="gemini")
        await added(spool, 3)
        base = spool._server.base
        await spool._server.ask("DEL", f"{base}d:{gone}")
        for name in ("all", "state:queued"):
            await spool._server.ask("ZREM", f"{base}{name}", gone)
        assert await ids(spool, upstream="gemini", most=2) == [first, last]
        assert await spool._server.ask("ZCARD", f"{base}of:gemini/send") == 2


async def test_they_are_found_where_the_server_has_no_room_to_file_them(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        wanted = await added(spool, 3, upstream="gemini")
        await added(spool, 3)
        await before_they_were_filed(spool)
        run = spool._server.run

        async def full(script, *args, **more):
            if script == "file":
                raise Refused("disk")
            return await run(script, *args, **more)

        spool._server.run = full
        assert await ids(spool, upstream="gemini") == wanted
        assert await ids(spool, upstream="gemini", states=["queued"], route="send") == wanted


async def test_the_smaller_number_is_looked_through(tmp_path):
    async with redis_server(tmp_path) as server, spools(server) as (spool,):
        await added(spool, 300, not_before=NOW + 1)
        (failed,) = await added(spool)
        await spool.take(NOW, 1)
        assert await spool.settle(failed, Settlement(state="failed", now=NOW))
        await spool.find(upstream="whatsapp", states=["failed"])
        before = await commands(spool)
        assert await ids(spool, upstream="whatsapp", states=["failed"]) == [failed]
        assert await commands(spool) - before < 15
