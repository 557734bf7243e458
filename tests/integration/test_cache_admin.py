"""The response cache steered by hand: `/admin/cache` of a real sidecar before a small database."""

import asyncio

import pytest

from tests.support.fleet import ADMIN, fleet
from tests.support.proxied import soon

CHAT = "/rest/v1/messages?chat_id=eq.7"
STALE = "stale_while_revalidate: 10m, stale_if_error: 1h"


@pytest.fixture
async def one():
    async with fleet(cache=STALE) as (member,):
        yield member


async def fill(member):
    for target in (CHAT, "/rest/v1/messages?id=eq.1", "/rest/v1/people", "/auth/v1/user"):
        assert not (await member.read(target)).is_hit
        assert (await member.read(target)).is_hit
    await member.read(CHAT, token="you")


async def test_how_the_cache_stands_is_told_route_by_route(one):
    await fill(one)
    stats = await one.stats()
    rest, default = sorted(stats["routes"], key=lambda row: row["route"], reverse=True)
    assert (rest["route"], rest["requests"]) == ("rest", {"miss": 4, "hit": 3})
    assert rest["hit_ratio"] == 0.429
    assert (default["route"], default["hit_ratio"]) == ("default", 0.5)
    assert rest["saved_seconds"] >= 0
    assert stats["memory"]["entries"] == 5
    assert 0 < stats["memory"]["bytes"] < stats["memory"]["max_bytes"]
    assert (stats["shared"], stats["messages"], stats["bans"]) == (None, None, [])


@pytest.mark.parametrize(
    ("given", "gone"),
    [
        ({"all": True}, 5),
        ({"upstream": "api"}, 5),
        ({"upstream": "api", "prefix": "/rest/v1/"}, 4),
        ({"upstream": "api", "prefix": "/rest/v1/messages"}, 3),
        ({"upstream": "api", "prefix": "/nothing"}, 0),
        ({"upstream": "api", "tag": "table:messages"}, 3),
        ({"upstream": "api", "tag": "table:nothing"}, 0),
        ({"upstream": "api", "tag": "mine"}, 5),
        ({"url": f"/api{CHAT}"}, 2),
        ({"url": "/api/rest/v1/messages"}, 0),
    ],
)
async def test_what_is_named_goes_and_nothing_else(one, given, gone):
    await fill(one)
    dry = await one.clear(**given, dry_run=True)
    assert (dry["entries"], dry["dry_run"], dry["others"]) == (gone, True, "none")
    assert (await one.stats())["memory"]["entries"] == 5
    done = await one.clear(**given)
    assert (done["entries"], done["bytes"], done["refreshed"]) == (gone, dry["bytes"], 0)
    assert (await one.stats())["memory"]["entries"] == 5 - gone
    assert (await one.clear(**given, dry_run=True))["entries"] == 0
    assert (await one.read(CHAT)).is_hit is (gone == 0)


async def test_what_is_cleared_softly_is_served_while_it_is_fetched_again(one):
    await one.read()
    one.database.version = 5
    assert (await one.clear(upstream="api", soft=True))["entries"] == 1
    got = await one.read()
    assert (got.version, "detail=stale-while-revalidate" in got.note) == (0, True)
    await soon(lambda: one.database.reads == 2)
    await asyncio.sleep(0.05)
    got = await one.read()
    assert (got.version, got.is_hit) == (5, True)


async def test_what_is_cleared_softly_is_there_when_the_upstream_fails(one):
    await one.read()
    await one.clear(upstream="api", tag="mine", soft=True)
    one.database.is_down = True
    assert (await one.read()).version == 0


async def test_nothing_is_fetched_again_unless_asked_for(one):
    await one.read()
    for _ in range(5):
        await one.read()
    warmer = one.sidecar._parts.caching.warmer
    assert len(warmer._known) == 1
    await one.clear(all=True)
    assert not warmer._known
    await asyncio.sleep(0.5)
    assert one.database.reads == 1


@pytest.mark.parametrize("scope", [{"all": True}, {"upstream": "api", "tag": "table:messages"}])
async def test_what_is_in_use_is_fetched_again_where_that_is_asked_for(one, scope):
    await one.read()
    await one.read()
    assert (await one.clear(**scope, refresh=True))["refreshed"] == 1
    await soon(lambda: one.database.reads == 2)
    await asyncio.sleep(0.05)
    assert (await one.read()).is_hit
    (row, _) = sorted((await one.stats())["routes"], key=lambda row: -len(row["refreshes"]))
    assert row["refreshes"] == {"purged": 1}


async def test_an_answer_that_is_under_way_is_gone_with_the_others(one):
    release = asyncio.Event()

    async def slowly(connection, _):
        await release.wait()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0")

    choose, one.database.upstream._choose = one.database.upstream._choose, lambda _: (slowly,)
    reading = asyncio.ensure_future(one.read())
    await soon(lambda: one.database.upstream.requests)
    await one.clear(upstream="api", prefix="/rest/v1/messages")
    release.set()
    await reading
    one.database.upstream._choose = choose
    assert not (await one.read()).is_hit


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({}, 400, "name what is to go"),
        ({"all": False}, 400, "name what is to go"),
        ({"all": True, "upstream": "api"}, 400, "name what is to go"),
        ({"prefix": "/x"}, 400, "name what is to go"),
        ({"tag": "mine"}, 400, "name what is to go"),
        ({"upstream": "api", "prefix": "/x", "tag": "mine"}, 400, "name what is to go"),
        ({"upstream": "api", "url": "/api/x"}, 400, "name what is to go"),
        ({"upstream": "api", "prefix": "x"}, 400, "prefix: a path at the upstream begins"),
        ({"upstream": "api", "prefix": "/" * 1001}, 400, "prefix: expected a text"),
        ({"upstream": "", "tag": "mine"}, 400, "upstream: expected a text"),
        ({"upstream": 1}, 400, "upstream: expected a text"),
        ({"upstream": "apo"}, 404, "no such upstream (did you mean 'api'?)"),
        ({"upstream": "api", "tag": "mein"}, 404, "no such tag (did you mean 'mine'?)"),
        ({"upstream": "api", "tag": "table:"}, 400, "the name of the table is missing"),
        ({"url": "/nowhere/x"}, 404, "url: no upstream is configured"),
        ({"url": "x"}, 404, "url: the request target must begin with /"),
        ({"all": "yes"}, 400, "all: expected true or false"),
        ({"all": True, "soft": 1}, 400, "soft: expected true or false"),
        ({"all": True, "sotf": True}, 400, "did you mean 'soft'?"),
    ],
)
async def test_what_makes_no_sense_drops_nothing_and_says_why(one, given, status, said):
    await one.read()
    found, answer = await one.call("POST", f"{ADMIN}/clear", given)
    assert (found, said in answer["error"]) == (status, True), answer
    assert (await one.read()).is_hit


async def test_who_cleared_what_is_written_without_what_was_asked_for(one, audit):
    await one.clear(url=f"/api{CHAT}&apikey=hunter2", reason="a typo", by="ann")
    await one.clear(upstream="api", prefix="/rest/v1/eyJhbGciOiJIUzI1NiJ9.e30.abc")
    first, second = audit()
    assert first["given_url"] == "/api/rest/v1/messages?chat_id=*&apikey=*"
    assert (first["given_reason"], first["given_by"]) == ("a typo", "ann")
    assert second["given_prefix"] == "/rest/v1/*"


async def test_it_is_a_write_and_guarded_as_such(one):
    url = f"http://{one.admin}{ADMIN}/clear?all=true"
    async with one.client.post(url) as answer:
        assert answer.status == 403
    async with one.client.get(url, headers={"X-Sidecar-Admin": "1"}) as answer:
        assert answer.status == 405


async def test_for_people_it_is_a_table(one):
    await fill(one)
    url = f"http://{one.admin}{ADMIN}/stats?format=text"
    async with one.client.get(url) as answer:
        text = await answer.text()
    assert "UPSTREAM" in text
    assert "hit 3, miss 4" in text or "miss 4, hit 3" in text


async def test_a_query_can_be_in_another_order_than_it_was(one):
    await one.read("/rest/v1/messages?a=eq.1&b=eq.2")
    assert (await one.clear(url="/api/rest/v1/messages?b=eq.2&a=eq.1"))["entries"] == 1
