"""A spool, or its disk, that has no more room, and a file that is gone."""

import asyncio

import pytest

from sidecar.spool import Added, Full, Settlement, SpoolUnavailable
from tests.support.spools import added, delivery

NOW = 1000.0


async def test_what_is_full_refuses_and_keeps_what_it_has(opened):
    spool = await opened(deliveries=3)
    await spool.recover(NOW)
    ids = await added(spool, 3)
    assert await spool.add(delivery(NOW)) == Full("deliveries")
    await spool.take(NOW, 1)
    await spool.fence(ids[:1], NOW)
    assert await spool.add(delivery(NOW)) == Full("deliveries")
    await spool.settle(ids[0], Settlement(state="failed", now=NOW))
    assert isinstance(await spool.add(delivery(NOW)), Added)
    assert len(await spool.find()) == 4


async def test_room_is_made_of_what_was_delivered_and_of_nothing_else(opened):
    spool = await opened(size=800_000)
    await spool.recover(NOW)
    for _ in range(20):
        (failed,) = await added(spool, body=bytes(10_000))
        await spool.take(NOW, 1)
        await spool.settle(failed, Settlement(state="failed", now=NOW))
    delivered: list[str] = []
    known: list[str] = []
    while True:
        one = delivery(NOW, dedup=str(len(known)) if len(known) < 100 else None)
        assert isinstance(await spool.add(one), Added)
        (taken,) = await spool.take(NOW, 10)
        await spool.settle(taken.id, Settlement(state="delivered", now=NOW))
        (known if one.dedup else delivered).append(one.id)
        if len(delivered) == 2000:
            break
    figures = await spool.figures(NOW)
    assert figures.bytes < 900_000
    assert figures.counts["failed"] == 20
    assert 500 < figures.counts["delivered"] < 1900
    assert [await spool.get(one) for one in known].count(None) == 0
    assert await spool.get(delivered[-1]) is not None
    while await spool.add(delivery(NOW, dedup=None)) != Full("size"):  # until all has given way
        pass
    figures = await spool.figures(NOW)
    assert (figures.counts["failed"], figures.counts["delivered"]) == (20, 100)


async def test_a_disk_without_room_refuses_and_goes_on_when_there_is_some(opened):
    spool = await opened()
    await spool.recover(NOW)
    ids = await added(spool, 20, body=bytes(3000))
    pages = (await spool.figures(NOW)).bytes // 4096

    def let(count):
        def work(session):
            session.connection.execute(f"PRAGMA max_page_count = {count}")

        return spool._access.write(work)

    await let(pages + 2)
    answers = await asyncio.gather(*(spool.add(delivery(NOW, body=bytes(3000))) for _ in range(30)))
    ids += [one.id for one in answers if isinstance(one, Added)]
    assert answers.count(Full("disk")) >= 27
    taken = await spool.take(NOW, 1)
    assert await spool.fence([taken[0].id], NOW) == {taken[0].id}
    assert await spool.settle(taken[0].id, Settlement(state="delivered", now=NOW)) is True
    await let(1 << 20)
    ids += await added(spool, 20, body=bytes(3000))
    assert [one.id for one in await spool.find(most=200)] == sorted(ids)


async def test_one_that_cannot_be_added_takes_no_other_with_it(opened):
    spool = await opened()
    one, other = delivery(NOW), delivery(NOW)
    bad = delivery(NOW, upstream=None)
    said = await asyncio.gather(*map(spool.add, (one, bad, other)), return_exceptions=True)
    assert said[0] == Added(one.id)
    assert isinstance(said[1], SpoolUnavailable)
    assert said[2] == Added(other.id)


async def test_a_file_that_was_removed_accepts_nothing_more(opened, tmp_path):
    spool = await opened()
    await added(spool)
    (tmp_path / "spool.db").unlink()
    with pytest.raises(SpoolUnavailable, match="removed"):
        await spool.add(delivery(NOW))
