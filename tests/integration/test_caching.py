"""The response cache at work, over real sockets."""

import asyncio
import base64
import json
from dataclasses import replace

import pytest

from sidecar.config import Cache, Match, Prefetch, Route, Timeouts
from tests.support.builders import one_upstream
from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, body, close, reply, send, wait
from tests.support.upstream import Upstream

KEPT = Cache(ttl=60.0)
ALICE, BOB = "Authorization: Bearer alice", "Authorization: Bearer bob"


async def test_a_second_read_is_answered_from_the_store():
    async with proxied(reply(b"one"), reply(b"two"), cache=KEPT) as (sidecar, origin):
        first = await ask(sidecar.proxy, get())
        second = await ask(sidecar.proxy, get())
    assert [first.body, second.body] == [b"one", b"one"]
    assert first.values("cache-status") == [b"sidecar; fwd=miss; stored"]
    (status,) = second.values("cache-status")
    assert status.startswith(b"sidecar; hit; ttl=")
    assert second.values("age") == [b"0"]
    assert len(origin.requests) == 1


async def test_nobody_gets_what_was_kept_for_another():
    async with proxied(reply(b"alice's"), reply(b"bob's"), cache=KEPT) as (sidecar, _):
        for who, theirs in ((ALICE, b"alice's"), (BOB, b"bob's"), (ALICE, b"alice's")):
            assert (await ask(sidecar.proxy, get("/api/me", who))).body == theirs


async def test_what_is_shared_is_for_everybody():
    shared = Cache(ttl=60.0, shared=True)
    async with proxied(reply(b"one"), reply(b"two"), cache=shared) as (sidecar, origin):
        for who in (ALICE, BOB):
            assert (await ask(sidecar.proxy, get("/api/x", who))).body == b"one"
        assert len(origin.requests) == 1


async def test_many_who_ask_at_once_are_answered_by_one_call():
    slow = (body, wait(0.2), send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    async with proxied(slow, cache=KEPT) as (sidecar, origin):
        answers = await asyncio.gather(*[ask(sidecar.proxy, get()) for _ in range(20)])
        assert {answer.body for answer in answers} == {b"ok"}
        assert len(origin.requests) == 1
        joined = [a for a in answers if b"collapsed" in b"".join(a.values("cache-status"))]
        assert len(joined) == 19


async def test_an_uncacheable_answer_holds_nobody_up():
    slow = (
        body,
        wait(0.1),
        send(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok"),
    )
    async with proxied(slow, cache=KEPT) as (sidecar, origin):
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*[ask(sidecar.proxy, get()) for _ in range(10)])
        assert asyncio.get_running_loop().time() - began < 0.6
        assert len(origin.requests) == 10


async def test_a_write_is_seen_by_the_next_read():
    async with proxied(
        reply(b"old"), reply(b"", status=b"204 None"), reply(b"new"), cache=KEPT
    ) as (
        sidecar,
        _,
    ):
        assert (await ask(sidecar.proxy, get("/api/rows/1"))).body == b"old"
        await ask(sidecar.proxy, call("PATCH", "/api/rows/1", content=b"{}"))
        assert (await ask(sidecar.proxy, get("/api/rows/1"))).body == b"new"


TABLES = Route(
    "rest",
    Match(path="/rest/v1/**"),
    cache=Cache(ttl=60.0, tags=("table",)),
    invalidates=("table",),
)


async def test_a_write_drops_the_rows_that_it_touches_and_no_others():
    scripts = [reply(b"[%d]" % number) for number in range(5)]
    async with proxied(*scripts, routes=(TABLES,)) as (sidecar, origin):
        one, two = "/api/rest/v1/messages?id=eq.1", "/api/rest/v1/messages?id=eq.2"
        for target in (one, two):
            await ask(sidecar.proxy, get(target))
        await ask(sidecar.proxy, call("PATCH", one, content=b'{"read": true}'))
        assert (await ask(sidecar.proxy, get(two))).body == b"[1]"
        assert (await ask(sidecar.proxy, get(one))).body == b"[3]"
        assert len(origin.requests) == 4


@pytest.mark.parametrize("path", ["/rest/v1/messages/", "//rest/v1/messages", "/messages"])
async def test_a_write_whose_path_names_no_table_drops_what_was_at_its_address(path):
    """Such as that of a PostgREST which is not below /rest/v1."""
    everywhere = replace(TABLES, match=Match(path="/**"))
    async with proxied(reply(b"old"), OK, reply(b"new"), routes=(everywhere,)) as (sidecar, _):
        read = get(f"/api{path}?id=eq.1")
        assert (await ask(sidecar.proxy, read)).body == b"old"
        await ask(sidecar.proxy, call("PATCH", f"/api{path}?id=eq.1", content=b"{}"))
        assert (await ask(sidecar.proxy, read)).body == b"new"


async def test_a_dead_upstream_is_hidden_by_what_is_kept():
    kept = Cache(ttl=0.05, stale_if_error=60.0)
    async with proxied(reply(b"old"), (body, close), cache=kept) as (sidecar, _):
        await ask(sidecar.proxy, get())
        await asyncio.sleep(0.1)
        answer = await ask(sidecar.proxy, get())
    assert (answer.status, answer.body) == (200, b"old")
    assert answer.values("x-sidecar-degraded") == [b"stale"]


async def test_stale_is_served_at_once_while_it_is_fetched_anew():
    kept = Cache(ttl=0.05, stale_while_revalidate=60.0)
    slow = (body, wait(0.2), *reply(b"new")[1:])
    async with proxied(reply(b"old"), slow, cache=kept) as (sidecar, _):
        await ask(sidecar.proxy, get())
        await asyncio.sleep(0.1)
        assert (await ask(sidecar.proxy, get())).body == b"old"
        await asyncio.sleep(0.3)
        assert (await ask(sidecar.proxy, get())).body == b"new"


async def test_a_truncated_answer_is_never_kept():
    cut = (body, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), close)
    async with proxied(cut, reply(b"whole"), cache=KEPT) as (sidecar, origin):
        assert (await ask(sidecar.proxy, get())).body == b"half"  # and the connection is cut
        assert (await ask(sidecar.proxy, get())).body == b"whole"
        assert len(origin.requests) == 2


async def test_a_post_that_reads_is_kept_by_its_body():
    reads = Cache(ttl=60.0, post=True)
    async with proxied(reply(b"1"), reply(b"2"), cache=reads) as (sidecar, origin):
        for content, answer in ((b"a", b"1"), (b"b", b"2"), (b"a", b"1")):
            got = await ask(sidecar.proxy, call("POST", "/api/embed", content=content))
            assert got.body == answer
        assert len(origin.requests) == 2


async def test_what_follows_is_fetched_ahead():
    routes = (
        Route(
            "list",
            Match(path="/conversations"),
            cache=Cache(ttl=60.0, prefetch=(Prefetch("/accounts/{$[*].account_id}"),)),
        ),
        Route("accounts", Match(path="/accounts/{id}"), cache=KEPT),
    )

    def choose(request):
        if b"conversations" in request.target:
            rows = b'[{"account_id": 7}, {"account_id": 7}, {"account_id": 8}]'
            return reply(rows, b"Content-Type: application/json")
        return reply(b"account")

    async with (
        Upstream(choose=choose) as origin,
        running_sidecar(one_upstream(origin.url, routes=routes)) as sidecar,
    ):
        await ask(sidecar.proxy, get("/api/conversations"))
        await asyncio.sleep(0.2)
        answer = await ask(sidecar.proxy, get("/api/accounts/8"))
        targets = [request.target for request in origin.requests]
    assert b"hit" in answer.values("cache-status")[0]
    assert sorted(targets) == [b"/accounts/7", b"/accounts/8", b"/conversations"]


async def test_shadow_mode_serves_nothing_from_the_store():
    watched = Cache(ttl=60.0, enforce=False)
    async with proxied(reply(b"one"), reply(b"two"), OK, cache=watched) as (sidecar, _):
        assert (await ask(sidecar.proxy, get())).body == b"one"
        assert (await ask(sidecar.proxy, get())).body == b"two"


async def test_a_body_that_comes_late_still_makes_the_key():
    reads = Cache(ttl=60.0, post=True)
    async with proxied(reply(b"1"), reply(b"2"), cache=reads) as (sidecar, origin):
        whole = call("POST", "/api/embed", content=b"question")
        for _ in range(2):
            async with connected(sidecar.proxy) as client:
                await client.send(whole[:-4])
                await asyncio.sleep(0.1)
                await client.send(whole[-4:])
                assert (await client.response()).body == b"1"
        assert len(origin.requests) == 1


async def test_a_write_that_is_done_after_its_answer_was_lost_is_seen_soon_after():
    route = Route("rest", Match(path="/rest/v1/**"), cache=Cache(ttl=60.0), invalidates=("table",))
    lost = (body, wait(0.5))
    scripts = (lost, reply(b"before"), reply(b"after"))
    timeouts = {"first_byte": 0.2, "total": 0.3}
    async with proxied(*scripts, routes=(replace(route, timeouts=Timeouts(**timeouts)),)) as (
        sidecar,
        _,
    ):
        rows = "/api/rest/v1/rows?id=eq.1"
        await ask(sidecar.proxy, call("POST", "/api/rest/v1/rows", content=b'{"id": 1}'))
        assert (await ask(sidecar.proxy, get(rows))).body == b"before"
        await asyncio.sleep(2.2)
        assert (await ask(sidecar.proxy, get(rows))).body == b"after"


def token(session):
    claims = json.dumps({"sub": "user-1", "session": session, "exp": 4_000_000_000}).encode()
    payload = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    return f"Authorization: Bearer eyJhbGciOiJub25lIn0.{payload}.x"


async def test_signing_out_drops_what_is_kept_for_all_sessions_of_that_user():
    me, done = "/api/auth/v1/user", reply(b"", status=b"204 None")
    async with proxied(reply(b"1"), done, reply(b"2"), cache=KEPT) as (sidecar, _):
        assert (await ask(sidecar.proxy, get(me, token("b")))).body == b"1"
        assert (await ask(sidecar.proxy, get(me, token("b")))).body == b"1"
        await ask(sidecar.proxy, call("POST", "/api/auth/v1/logout", token("a"), content=b""))
        assert (await ask(sidecar.proxy, get(me, token("b")))).body == b"2"
