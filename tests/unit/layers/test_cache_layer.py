import asyncio
import base64
import json

import pytest

from sidecar.config.cache import Cache
from sidecar.core.cache.credentials import names_a_credential
from sidecar.errors import BadRequest, DeadlineExceeded, NotStored, UpstreamReset
from sidecar.exchange import BytesBody, Response, Timeline
from sidecar.judgement import Judgement
from sidecar.layers.invalidate import Parts, invalidate
from tests.support.builders import response
from tests.support.cached import World, read
from tests.support.virtual_time import VirtualClock, virtually

RESET = UpstreamReset("reset", code="upstream_reset")
TTL = Cache(ttl=60.0)
LENIENT = Cache(ttl=60.0, stale_while_revalidate=30.0, stale_if_error=600.0)


def ok(body=b"one", *headers):
    return response(200, body, [(b"Content-Length", b"%d" % len(body)), *headers])


async def test_a_miss_is_stored_and_a_hit_asks_nobody():
    world = World(ok(), config=TTL)
    first, second = await world.get(), await world.get()
    assert (first.body, first.source, first.note) == (
        b"one",
        "upstream",
        "sidecar; fwd=uri-miss; stored",
    )
    assert (second.body, second.source, second.note) == (b"one", "cache", "sidecar; hit; ttl=60")
    assert (second.headers["age"], second.headers["content-length"]) == ("0", "3")
    assert len(world.calls) == 1
    assert world.stats.requests == {"miss": 1, "hit": 1}


async def test_its_lifetime_ends():
    world = World(ok(b"one"), ok(b"two"), config=TTL)
    await world.get()
    world.clock.advance(59.9)
    assert (await world.get()).body == b"one"
    world.clock.advance(0.1)
    assert (await world.get()).note == "sidecar; fwd=stale; stored"
    assert (await world.get()).body == b"two"
    world.clock.advance(61)
    assert (await world.get()).note == "sidecar; fwd=uri-miss; stored"


async def test_a_length_is_added_where_the_upstream_sent_none():
    world = World(response(200, b"one"), config=TTL)
    assert "content-length" not in (await world.get()).headers
    assert (await world.get()).headers["content-length"] == "3"


async def test_users_are_told_apart():
    world = World(lambda e: ok(dict(e.request.headers)[b"Authorization"]), config=TTL)
    for _ in range(2):
        for token in (b"Bearer one", b"Bearer two"):
            assert (await world.get((b"Authorization", token))).body == token
    assert len(world.calls) == 2
    assert names_a_credential(b"Authorization")


async def test_users_do_not_board_each_others_flights():
    world = World(lambda e: ok(dict(e.request.headers)[b"Authorization"]), config=TTL)
    tokens = [b"one", b"two"] * 5
    got = await asyncio.gather(*[world.get((b"Authorization", token)) for token in tokens])
    assert [each.body for each in got] == tokens
    assert len(world.calls) == 2


async def test_what_is_stale_is_served_at_once_and_fetched_anew():
    world = World(ok(b"one"), ok(b"two"), config=LENIENT)
    await world.get()
    world.clock.advance(70)
    stale = await world.get()
    assert (stale.body, stale.note) == (
        b"one",
        "sidecar; hit; ttl=-10; detail=stale-while-revalidate",
    )
    await world.settle()
    assert (await world.get()).body == b"two"
    assert len(world.calls) == 2
    assert world.calls[-1].background
    assert not world.calls[-1].patient
    assert world.stats.refreshed == {"stale": 1}


async def test_many_who_meet_a_stale_answer_cause_one_refresh():
    world = World(ok(b"one"), ok(b"two"), config=LENIENT)
    await world.get()
    world.clock.advance(70)
    got = await asyncio.gather(*[world.get() for _ in range(10)])
    await world.settle()
    assert {each.body for each in got} == {b"one"}
    assert len(world.calls) == 2


async def test_a_refresh_that_fails_harms_nobody():
    world = World(ok(b"one"), RESET, config=LENIENT)
    await world.get()
    world.clock.advance(70)
    for _ in range(3):
        assert (await world.get()).body == b"one"
        await world.settle()
    assert world.warmer._running == 0


@pytest.mark.parametrize(
    "failure",
    [
        RESET,
        response(503, b"down"),
        response(429, b"slow"),
        DeadlineExceeded("late", code="total_timeout"),
    ],
)
async def test_what_is_stale_stands_in_for_a_failure_and_nobody_waits_for_the_breaker(failure):
    world = World(ok(b"one"), failure, config=LENIENT)
    await world.get()
    assert world.calls[-1].patient
    world.clock.advance(100)
    got = await world.get()
    assert (got.status, got.body, got.source) == (200, b"one", "cache")
    assert got.headers["x-sidecar-degraded"] == "stale"
    assert got.note == "sidecar; hit; ttl=-40; detail=stale-if-error"
    assert not world.calls[-1].patient
    assert world.stats.requests["stale_if_error"] == 1


async def test_what_was_judged_a_failure_is_one_whatever_its_status():
    def broken(_):
        answer = response(200, b"error inside")
        answer.judgement = Judgement("failure", "refused", "graph_2")
        return answer

    world = World(ok(b"one"), broken, config=LENIENT)
    await world.get()
    world.clock.advance(100)
    assert (await world.get()).body == b"one"


async def test_without_leave_to_be_stale_the_failure_goes_back():
    world = World(ok(b"one"), RESET, response(500, b"down"), config=TTL)
    await world.get()
    world.clock.advance(100)
    with pytest.raises(UpstreamReset):
        await world.get()
    assert (await world.get()).status == 500


async def test_a_fault_of_the_request_is_never_covered_up():
    refused = BadRequest("no", code="bad_request")
    world = World(ok(b"one"), refused, config=LENIENT)
    await world.get()
    world.clock.advance(100)
    with pytest.raises(BadRequest):
        await world.get()


async def test_a_request_for_a_fresh_answer_gets_no_stored_one_even_if_the_upstream_fails():
    world = World(ok(b"one"), RESET, config=TTL)
    await world.get()
    with pytest.raises(UpstreamReset):
        await world.get((b"Cache-Control", b"no-cache"))
    world.clock.advance(5)
    with pytest.raises(UpstreamReset):
        await world.get((b"Cache-Control", b"max-age=3"))
    assert (await world.get((b"Cache-Control", b"max-age=30"))).body == b"one"


async def test_only_if_cached_asks_nobody():
    world = World(ok(b"one"), config=LENIENT)
    only = (b"Cache-Control", b"only-if-cached")
    with pytest.raises(NotStored):
        await world.get(only)
    await world.get()
    assert (await world.get(only)).body == b"one"
    world.clock.advance(200)
    with pytest.raises(NotStored):
        await world.get(only)
    assert len(world.calls) == 1
    assert world.stats.requests["refused"] == 2


async def test_all_who_ask_at_once_share_one_call():
    world = World(ok(b"one"), config=TTL)
    got = await asyncio.gather(*[world.get() for _ in range(10)])
    assert [each.body for each in got] == [b"one"] * 10
    assert sum("collapsed" in each.note for each in got) == 9
    assert len(world.calls) == 1
    assert world.stats.requests == {"miss": 10, "joined": 9}


async def test_an_error_is_shared_and_not_stored():
    world = World(response(500, b"down"), ok(b"one"), config=TTL)
    got = await asyncio.gather(*[world.get() for _ in range(5)])
    assert [each.status for each in got] == [500] * 5
    assert "stored" not in got[0].note
    assert len(world.calls) == 1
    assert (await world.get()).body == b"one"


async def test_what_is_not_stored_is_asked_for_by_each_alone_and_with_his_own_conditions():
    world = World(response(200, b"one", [(b"Cache-Control", b"no-store")]), config=TTL)
    got = await asyncio.gather(*[world.get() for _ in range(5)])
    assert [each.body for each in got] == [b"one"] * 5
    assert len(world.calls) == 5
    condition = (b"If-None-Match", b'"a"')
    await world.get(condition)
    assert condition in world.calls[-1].request.headers


@pytest.mark.parametrize(
    ("answer", "config"),
    [
        (response(200, b"x", [(b"Set-Cookie", b"")]), TTL),
        (response(200, b"x", [(b"Vary", b"*")]), TTL),
        (response(206, b"x"), TTL),
        (response(404, b"x"), TTL),
        (response(429, b"x"), Cache(ttl=60, negative={429: 60.0})),
        (response(500, b"x"), Cache(ttl=60, negative={500: 60.0})),
        (response(200, b"x"), Cache(negative={404: 60.0})),
        (response(200, b"x" * 100), Cache(ttl=60, max_object=50)),
        (response(200, b"x", [(b"Content-Type", b"text/event-stream; charset=utf-8")]), TTL),
    ],
)
async def test_this_is_never_stored(answer, config):
    world = World(answer, config=config)
    await world.get()
    await world.get()
    assert len(world.calls) == 2
    assert not world.shelf.values


async def test_a_body_of_unknown_length_that_turns_out_too_long_is_not_stored():
    class Unknown(BytesBody):
        length = None

    answers = [lambda _: Response(200, b"OK", [], Unknown(b"x" * 100))]
    world = World(*answers, config=Cache(ttl=60, max_object=50))
    assert len((await world.get()).body) == 100
    assert not world.shelf.values


async def test_negative_answers_have_lifetimes_of_their_own_and_are_never_served_stale():
    config = Cache(ttl=60, negative={404: 5.0}, stale_if_error=600.0)
    world = World(response(404, b"no"), RESET, config=config)
    await world.get()
    assert (await world.get()).status == 404
    world.clock.advance(6)
    with pytest.raises(UpstreamReset):
        await world.get()


async def test_what_is_no_longer_there_does_not_stand_in_for_a_later_failure():
    world = World(ok(b"one"), response(404, b"gone"), RESET, config=LENIENT)
    await world.get()
    world.clock.advance(100)
    assert (await world.get()).status == 404
    with pytest.raises(UpstreamReset):
        await world.get()


async def test_what_broke_off_is_not_stored():
    class Broken(BytesBody):
        async def read(self):
            if data := self.take():
                return data
            raise RESET

    world = World(lambda _: Response(200, b"OK", [], Broken(b"half")), config=TTL)
    with pytest.raises(UpstreamReset):
        await world.get()
    assert not world.shelf.values


async def test_head_is_answered_from_the_get_and_never_stored_for_it():
    world = World(response(200, b""), ok(b"one"), config=TTL)
    assert (await world.call("HEAD")).status == 200
    assert not world.shelf.values
    await world.get()
    got = await world.call("HEAD")
    assert (got.source, got.headers["content-length"]) == ("cache", "3")
    assert [call.request.method for call in world.calls] == ["HEAD", "GET"]


async def test_a_refresh_that_a_head_or_a_part_caused_fetches_the_whole():
    for method, headers in (("HEAD", []), ("GET", [(b"Range", b"bytes=0-0")])):
        config = Cache(mode="rfc9111", stale_while_revalidate=60.0)
        answer = ok(b"one", (b"Cache-Control", b"max-age=10"))
        world = World(answer, config=config)
        await world.get()
        world.clock.advance(20)
        await world.call(method, "/thing", headers)
        await world.settle()
        sent = world.calls[-1].request
        assert (len(world.calls), sent.method, sent.headers) == (2, "GET", [])


async def test_a_head_is_stale_too_where_the_upstream_fails():
    world = World(ok(b"one"), RESET, response(503), config=LENIENT)
    await world.get()
    world.clock.advance(100)
    for _ in range(2):
        assert (await world.call("HEAD")).headers["x-sidecar-degraded"] == "stale"


async def test_a_304_renews_what_is_stored():
    etag = (b"ETag", b'"1"')
    world = World(ok(b"one", etag), response(304, b"", [etag, (b"A", b"new")]), config=TTL)
    await world.get()
    world.clock.advance(61)
    got = await world.get()
    assert (got.status, got.body, got.headers["a"]) == (200, b"one", "new")
    assert got.note == "sidecar; fwd=stale; fwd-status=304; stored"
    assert (await world.get()).note == "sidecar; hit; ttl=60"


async def test_what_was_renewed_is_as_old_as_the_304_says_and_made_from_what_is_now():
    etag, said = (b"ETag", b'"1"'), (b"Cache-Control", b"max-age=10")
    first = ok(b"one", etag, said, (b"Age", b"5"))
    world = World(first, response(304, b"", [etag]), config=Cache(mode="rfc9111"))
    await world.get()
    world.clock.advance(6)
    await world.get()
    tags = world.tags(world.calls[0].request)
    world.entries.bump(("other",), world.clock.wall())
    assert (await world.get()).headers["age"] == "0"
    world.entries.bump(tags, world.clock.wall())
    world.answers = [ok(b"two")]
    assert (await world.get()).body == b"two"


async def test_what_is_renewed_after_a_change_is_current():
    etag = (b"ETag", b'"1"')
    world = World(ok(b"one", etag), response(304, b"", [etag]), config=TTL)
    await world.get()
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall(), soft=True)
    assert (await world.get()).note == "sidecar; fwd=stale; fwd-status=304; stored"
    assert (await world.get()).note == "sidecar; hit; ttl=60"


async def test_a_renewed_answer_does_not_outlive_the_token_either():
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1_700_000_100}).encode()).rstrip(b"=")
    token = (b"Authorization", b"Bearer eyJ9." + claims + b".x")
    etag = (b"ETag", b'"1"')
    world = World(ok(b"one", etag), response(304, b"", [etag]), config=TTL)
    await world.get(token)
    world.clock.advance(70)
    assert (await world.get(token)).note == "sidecar; fwd=stale; fwd-status=304; stored"
    assert (await world.get(token)).note == "sidecar; hit; ttl=30"
    world.clock.advance(31)
    world.answers = [response(401, b"no")]
    assert (await world.get(token)).status == 401


async def test_a_post_is_not_stored_by_the_rules_of_the_standard():
    config = Cache(mode="rfc9111", post=True)
    world = World(ok(b"one", (b"Cache-Control", b"max-age=10")), config=config)
    await world.call("POST", body=b"a")
    assert not world.shelf.values


async def test_a_304_about_something_else_leads_to_a_whole_answer():
    config = Cache(mode="rfc9111")
    said = (b"Cache-Control", b"max-age=5")
    world = World(
        ok(b"one", said, (b"ETag", b'"1"')),
        response(304, b"", [(b"ETag", b'"2"')]),
        ok(b"two", said, (b"ETag", b'"2"')),
        config=config,
    )
    await world.get()
    world.clock.advance(6)
    assert (await world.get()).body == b"two"
    assert [b"If-None-Match" in dict(call.request.headers) for call in world.calls] == [
        False,
        True,
        False,
    ]


async def test_a_post_is_a_read_where_the_route_says_so():
    world = World(lambda e: ok(b"<" + e.request.body.data + b">"), config=Cache(ttl=60, post=True))
    for body in (b"a", b"b", b"a"):
        assert (await world.call("POST", body=body)).body == b"<" + body + b">"
    assert len(world.calls) == 2
    await world.call("PUT", body=b"a")
    assert world.stats.requests == {"miss": 2, "hit": 1, "bypass": 1}


async def test_a_post_that_is_stale_is_fetched_anew_with_its_body():
    config = Cache(ttl=60, post=True, stale_while_revalidate=60)
    world = World(lambda e: ok(b"<" + e.request.body.data + b">"), config=config)
    exchange = world.exchange("POST", body=b"a")
    await read(await world.layer(exchange))
    assert world.calls[0].request.body is not exchange.request.body  # whoever sent it may leave
    world.clock.advance(70)
    await world.call("POST", body=b"a")
    await world.settle()
    assert await world.calls[-1].request.body.read() == b"a"
    assert not world.warmer._known  # bodies are not kept


async def test_answers_differ_by_the_headers_that_vary_names():
    def answer(exchange):
        who = dict(exchange.request.headers).get(b"X-Who", b"nobody")
        return ok(who, (b"Vary", b"X-Who, Accept"))

    world = World(answer, config=TTL)
    for _ in range(2):
        for who in (b"a", b"b"):
            assert (await world.get((b"X-Who", who))).body == who
    assert len(world.calls) == 2


async def test_who_asks_for_another_variant_is_not_given_that_of_the_flight():
    def answer(exchange):
        return ok(dict(exchange.request.headers)[b"X-Who"], (b"Vary", b"X-Who"))

    world = World(answer, config=TTL)
    wanted = [b"a", b"b", b"a", b"c"]
    got = await asyncio.gather(*[world.get((b"X-Who", who)) for who in wanted])
    assert [each.body for each in got] == wanted
    assert len(world.calls) == 3
    again = await asyncio.gather(*[world.get((b"X-Who", who)) for who in wanted])
    assert [each.source for each in again] == ["cache"] * 4


async def test_who_asks_after_a_write_does_not_join_who_asked_before_it():
    world = World(lambda _: ok(b"%d" % len(world.calls)), config=TTL)
    before = asyncio.create_task(world.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(world.calls) == 1
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall())
    after = await world.get()
    assert (await before).body == b"1"
    assert after.body == b"2"
    assert (await world.get()).body == b"2"


async def test_a_read_that_a_write_overtook_is_not_stored_as_fresh():
    release = asyncio.Event()

    class Slow(BytesBody):
        async def read(self):
            await release.wait()
            return self.take()

    world = World(lambda _: Response(200, b"OK", [], Slow(b"old")), ok(b"new"), config=TTL)
    reading = asyncio.create_task(world.get())
    await world.settle()
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall())
    release.set()
    assert (await reading).body == b"old"
    assert (await world.get()).body == b"new"


async def test_watching_only_counts():
    config = Cache(ttl=60, enforce=False)
    world = World(ok(b"one"), config=config)
    assert [(await world.get()).source for _ in range(2)] == ["upstream"] * 2
    await asyncio.gather(*[world.get() for _ in range(3)])
    assert len(world.calls) == 5
    await world.call("HEAD")
    assert world.stats.requests == {"shadow_miss": 1, "shadow_hit": 5}


async def test_the_time_of_one_who_joined_is_the_upstreams():
    async def slow(exchange, world=None):
        raise AssertionError

    world = World(lambda _: (world.clock.advance(2.0), ok(b"one"))[1], config=TTL)
    first, second = world.exchange(), world.exchange()
    answers = await asyncio.gather(world.layer(first), world.layer(second))
    for answer in answers:
        await read(answer)
    assert second.timeline.at_upstream == 2.0
    assert second.timeline.first_byte_at == world.clock.now()
    assert first.timeline.at_upstream == 0.0  # the transport writes it


async def test_the_attempts_and_times_of_a_flight_are_those_of_who_began_it():
    second = Timeline(0.0)

    def twice(exchange):
        exchange.attempt, exchange.timeline = 2, second  # as where a hedge was faster
        return ok(b"one")

    world = World(twice, config=TTL)
    exchange = world.exchange()
    await read(await world.layer(exchange))
    assert (exchange.attempt, exchange.timeline) == (2, second)


async def test_one_who_leaves_ends_nothing_for_the_others():
    world = World(ok(b"one"), config=TTL)
    leaving, staying = (asyncio.create_task(world.get()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).body == b"one"
    assert len(world.calls) == 1


async def test_a_condition_of_the_client_is_answered_by_the_cache_when_the_whole_comes():
    world = World(ok(b"one", (b"ETag", b'"a"')), config=TTL)
    got = await world.get((b"If-None-Match", b'"a"'))
    assert (got.status, got.body) == (304, b"")
    assert (await world.get()).body == b"one"
    assert len(world.calls) == 1
    assert world.calls[0].request.headers == []


async def test_a_401_signs_all_answers_of_its_user_out_and_is_stored_itself():
    def drop(tags):
        world.entries.bump(tags, world.clock.wall())

    key = World(ok()).key
    parts = Parts(
        written=lambda *_: (),
        credential=key.credential,
        sessions=lambda request: (key.credential(request),),
        ends_session=lambda _: False,
        drop=drop,
        write=drop,
        write_again=lambda *_: None,
        reads=lambda _: False,
    )
    config = Cache(ttl=60, negative={401: 5.0})
    world = World(ok(b"mine"), config=config, inner=invalidate(parts))
    token = (b"Authorization", b"Bearer one")
    other = (b"Authorization", b"Bearer two")
    await world.get(token)
    await world.get(other)
    world.answers = [response(401, b"no")]
    assert (await world.get(token, target="/other")).status == 401
    assert (await world.get(token, target="/other")).source == "cache"
    assert (await world.get(token)).status == 401
    assert (await world.get(other)).body == b"mine"


@virtually
async def test_a_follower_keeps_his_own_deadline_and_the_answer_comes_all_the_same():
    class Slow(BytesBody):
        pass

    world = World(ok(b"one"), config=TTL, clock=VirtualClock())
    upstream = world.layer._fetch._next

    async def slow(exchange):
        await asyncio.sleep(5)
        return await upstream(exchange)

    world.layer._fetch._next = slow
    patient = asyncio.create_task(world.call(left=20.0))
    hasty = asyncio.create_task(world.call(left=2.0))
    with pytest.raises(DeadlineExceeded):
        await hasty
    assert asyncio.get_running_loop().time() < 3
    assert (await patient).body == b"one"


async def test_one_that_is_soft_purged_is_stale_and_may_stand_in():
    world = World(ok(b"one"), RESET, config=LENIENT)
    await world.get()
    world.entries.ban("api", "/thing", world.clock.wall(), soft=True)
    got = await world.get()
    assert got.note.startswith("sidecar; hit; ttl=0; detail=stale-while-revalidate")
    strict = World(ok(b"one"), ok(b"two"), config=TTL)
    await strict.get()
    strict.entries.ban("api", "/thing", strict.clock.wall(), soft=True)
    assert (await strict.get()).body == b"two"


WRITTEN = Cache(ttl=60.0, stale_while_revalidate=30.0, stale_if_error=600.0, written_if_error=True)


@pytest.mark.parametrize("config", [LENIENT, WRITTEN])
async def test_what_a_write_dropped_is_shown_only_where_the_upstream_fails_and_that_is_allowed(
    config,
):
    world = World(ok(b"one"), RESET, ok(b"two"), RESET, config=config)
    await world.get()
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall(), written=True)
    if config is LENIENT:
        with pytest.raises(UpstreamReset):
            await world.get()
    else:
        got = await world.get()
        assert (got.body, got.headers["x-sidecar-degraded"]) == (b"one", "stale")
        assert not world.calls[-1].patient
    assert (await world.get()).body == b"two"


async def test_what_was_dropped_in_another_way_is_shown_to_nobody():
    world = World(ok(b"one"), RESET, config=WRITTEN)
    await world.get()
    tags = world.tags(world.calls[0].request)
    world.entries.bump(tags, world.clock.wall(), written=True)
    world.entries.bump(tags, world.clock.wall())
    with pytest.raises(UpstreamReset):
        await world.get()
