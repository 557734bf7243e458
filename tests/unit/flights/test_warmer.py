"""What is in use is fetched anew before it goes stale; and nothing else is."""

import asyncio

from sidecar.config.cache import Cache
from sidecar.core.cache.early import is_due, warm_at
from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.errors import UpstreamReset
from tests.support.builders import response
from tests.support.virtual_time import virtually
from tests.support.warmed import finish, world


def test_an_answer_is_due_the_earlier_the_longer_it_takes_to_get():
    entry = Entry(Head(200, b"OK", []), b"", 1000.0, Plan(60.0), cost=2.0)
    assert not is_due(entry, 1059.0, 1.0)
    assert is_due(entry, 1060.0, 1.0)
    assert is_due(entry, 1059.0, 0.5)  # 2 ln 2 = 1.4 seconds early
    assert not is_due(entry, 1058.0, 0.5)
    assert warm_at(entry) == 1048.0


@virtually
async def test_what_is_in_use_is_fetched_anew_before_it_goes_stale():
    subject = world()
    await subject.get()
    for _ in range(12):
        await subject.get()
        await asyncio.sleep(10)
    got = await subject.get()
    assert got.source == "cache"
    assert len(subject.calls) == 3
    assert subject.stats.refreshed == {"warm": 2}
    assert subject.stats.requests["miss"] == 1
    await finish(subject)


@virtually
async def test_what_nobody_uses_any_more_is_let_go():
    subject = world(config=Cache(ttl=600.0))
    await subject.get()
    await subject.get()
    await asyncio.sleep(1000)
    assert len(subject.calls) == 1


@virtually
async def test_nothing_is_fetched_ahead_where_the_route_says_so():
    subject = world(config=Cache(ttl=60.0, refresh_ahead=False))
    await subject.get()
    for _ in range(5):
        await subject.get()
        await asyncio.sleep(10)
    assert len(subject.calls) == 1
    assert not subject.warmer._known


@virtually
async def test_a_hit_of_the_sidecar_itself_keeps_nothing_warm():
    subject = world()
    await subject.get()
    exchange = subject.exchange()
    exchange.background = True
    (await subject.layer(exchange)).close()
    (known,) = subject.warmer._known.values()
    assert (known.uses, known.timer) == (1, None)


@virtually
async def test_what_a_body_asks_for_is_not_kept_warm_because_bodies_are_not_kept():
    subject = world(config=Cache(ttl=60.0, post=True))
    for _ in range(3):
        await subject.call("POST", body=b"{}")
    await asyncio.sleep(100)
    assert len(subject.calls) == 1
    assert not subject.warmer._known


@virtually
async def test_a_hit_shortly_before_the_end_may_cause_a_refresh():
    subject = world(draw=1e-12)
    subject.answers = [lambda _: response(200, b"%d" % len(subject.calls))]
    upstream = subject.layer._fetch._next

    async def slow(exchange):
        await asyncio.sleep(2)
        return await upstream(exchange)

    subject.layer._fetch._next = slow
    await subject.get()
    await asyncio.sleep(30)
    assert (await subject.get()).body == b"1"
    await asyncio.sleep(3)
    assert subject.stats.refreshed["early"] == 1
    assert (await subject.get()).body == b"2"
    await finish(subject)


@virtually
async def test_no_more_refreshes_run_at_a_time_than_may():
    subject = world(config=Cache(ttl=60.0, stale_while_revalidate=60.0))
    for number in range(20):
        await subject.get(target=f"/{number}")
    await asyncio.sleep(70)
    stuck = asyncio.Event()

    async def hang(exchange):
        await stuck.wait()
        raise UpstreamReset("reset", code="upstream_reset")

    subject.layer._fetch._next = hang
    for number in range(20):
        await subject.get(target=f"/{number}")
    assert subject.warmer._running == 8
    assert repr(subject.warmer) == "<Warmer of 20 keys, 8 refreshes>"
    stuck.set()
    await asyncio.sleep(1)
    assert subject.warmer._running == 0
    await finish(subject)


@virtually
async def test_what_is_known_is_bounded_and_forgotten_wholly():
    subject = world()
    for number in range(5010):
        await subject.get(target=f"/{number}")
        await subject.get(target=f"/{number}")
    assert len(subject.warmer._known) == 5000
    subject.warmer.close()
    assert not subject.warmer._known
    assert not subject.warmer._by_tag
    await asyncio.sleep(100)
    assert len(subject.calls) == 5010


@virtually
async def test_a_refresh_asks_whether_anything_has_changed():
    etag = (b"ETag", b'"1"')
    subject = world(response(200, b"one", [etag]), response(304, b"", [etag]))
    await subject.get()
    await subject.get()
    await asyncio.sleep(50)
    assert len(subject.calls) == 2
    assert (b"If-None-Match", b'"1"') in subject.calls[-1].request.headers
    got = await subject.get()
    assert (got.body, got.headers["age"]) == (b"one", "2")
    await finish(subject)
