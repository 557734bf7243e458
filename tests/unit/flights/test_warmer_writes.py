"""What the warmer does when a write drops answers."""

import asyncio

import pytest

from sidecar.config.cache import Cache
from sidecar.core.cache.generations import BANS
from sidecar.flights.in_use import Known
from tests.support.virtual_time import virtually
from tests.support.warmed import finish, world


@virtually
async def test_what_a_write_dropped_is_fetched_again_once_for_a_burst_of_writes():
    subject = world()
    await subject.get()
    await subject.get()
    tags = subject.tags(subject.calls[0].request)
    for _ in range(3):
        subject.entries.bump(tags, subject.clock.wall())
        subject.warmer.dropped(tags)
        await asyncio.sleep(0.04)
    await asyncio.sleep(1)
    assert len(subject.calls) == 2
    assert subject.stats.refreshed == {"written": 1}
    assert (await subject.get()).source == "cache"
    await finish(subject)


@virtually
async def test_what_is_written_all_the_time_is_fetched_again_all_the_same():
    subject = world()
    await subject.get()
    await subject.get()
    tags = subject.tags(subject.calls[0].request)
    for _ in range(20):
        subject.entries.bump(tags, subject.clock.wall())
        subject.warmer.dropped(tags)
        await asyncio.sleep(0.04)
    await asyncio.sleep(1)
    assert 2 <= subject.stats.refreshed["written"] <= 3
    await finish(subject)


@virtually
async def test_what_somebody_has_asked_for_meanwhile_is_not_fetched_once_more():
    subject = world()
    await subject.get()
    await subject.get()
    tags = subject.tags(subject.calls[0].request)
    subject.entries.bump(tags, subject.clock.wall())
    subject.warmer.dropped(tags)
    await subject.get()
    await asyncio.sleep(1)
    assert len(subject.calls) == 2
    assert not subject.stats.refreshed
    await finish(subject)


@virtually
async def test_a_refresh_for_which_there_is_no_place_waits_for_one():
    subject, stuck = world(config=Cache(ttl=6000.0)), asyncio.Event()
    upstream = subject.layer._fetch._next

    async def hang(exchange):
        await stuck.wait()
        return await upstream(exchange)

    targets = [f"/{number}/x" for number in range(10)]
    for target in targets * 2:
        await subject.get(target=target)
    subject.layer._fetch._next = hang
    for target in targets:
        tags = subject.tags(subject.exchange(target=target).request)
        subject.entries.bump(tags, subject.clock.wall())
        subject.warmer.dropped(tags)
    await asyncio.sleep(2)
    assert subject.stats.refreshed == {"written": 8}
    timers = [known.timer for known in subject.warmer._known.values()]
    assert timers == [None] * 10, "nobody looks again and again whether there is a place"
    stuck.set()
    await asyncio.sleep(0.1)
    assert subject.stats.refreshed == {"written": 10}
    assert len(subject.calls) == 20
    await finish(subject)


@virtually
async def test_what_is_missed_time_and_again_is_fetched_again_and_what_was_asked_for_once_is_not():
    subject = world()
    tags = subject.tags(subject.exchange().request)
    for calls in (1, 3):
        await subject.get()
        subject.entries.bump(tags, subject.clock.wall())
        subject.warmer.dropped(tags)
        await asyncio.sleep(1)
        assert len(subject.calls) == calls
    assert (await subject.get()).source == "cache"
    await finish(subject)


@virtually
async def test_who_misses_an_answer_is_in_need_of_it_as_well():
    subject = world(config=Cache(ttl=6000.0))
    await subject.get()
    await subject.get()
    tags = subject.tags(subject.calls[0].request)
    await asyncio.sleep(50)
    subject.entries.bump(tags, subject.clock.wall())
    await subject.get()  # a miss
    await asyncio.sleep(20)
    subject.entries.bump(tags, subject.clock.wall())
    subject.warmer.dropped(tags)
    await asyncio.sleep(1)
    assert subject.stats.refreshed == {"written": 1}
    await finish(subject)


@virtually
async def test_a_write_fetches_again_only_what_was_used_lately():
    subject = world(config=Cache(ttl=6000.0))
    for target in ("/a", "/b"):
        await subject.get(target=target)
        await subject.get(target=target)
    await asyncio.sleep(250)
    await subject.get(target="/b")
    await asyncio.sleep(60)
    for target in ("/a", "/b"):
        tags = subject.tags(subject.exchange(target=target).request)
        subject.entries.bump(tags, subject.clock.wall())
        subject.warmer.dropped(tags)
    await asyncio.sleep(1)
    assert [call.request.target for call in subject.calls] == ["/a", "/b", "/b"]
    await finish(subject)


@virtually
async def test_a_write_looks_at_what_was_used_last_and_not_at_all_that_is_in_use():
    subject, looks = world(config=Cache(ttl=6000.0)), []
    is_in_use = Known.is_in_use

    def counted(known, now, *, written):
        looks.append(known.exchange.request.target)
        return is_in_use(known, now, written=written)

    targets = [f"/{number}" for number in range(100)]
    for target in (*targets, *targets, "/7"):
        await subject.get(target=target)
        await asyncio.sleep(0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Known, "is_in_use", counted)
        subject.warmer.dropped((BANS,))  # which all of them carry
    assert set(looks) == {"/7", *targets[-19:]}
    assert len(looks) < 50
    await finish(subject)
