"""The spool in a file: commits, claims, fences, and two processes that use it."""

import asyncio

import pytest

from sidecar.spool import Added, Settlement, SpoolUnavailable
from sidecar.spool.identity import Identities, is_id
from tests.support.spools import added, delivery

NOW = 1000.0


async def test_many_that_come_at_once_share_a_commit(opened):
    spool = await opened()
    await added(spool, 200)
    assert spool.snapshot()["commits"] <= 3


async def test_concurrent_ones_keep_the_order_of_the_calls(opened):
    spool = await opened()
    await spool.recover(NOW)
    ids = await added(spool, 50, lane="a")
    for expected in ids:
        (taken,) = await spool.take(NOW, 10)
        assert taken.id == expected
        await spool.fence([taken.id], NOW)
        await spool.settle(taken.id, Settlement(state="delivered", now=NOW))


async def test_nothing_is_taken_before_this_process_has_taken_over(opened):
    spool = await opened()
    await added(spool)
    assert await spool.take(NOW, 10) == []
    assert await spool.next_due(NOW) is None
    assert await spool.recover(NOW) == []
    assert len(await spool.take(NOW, 10)) == 1


async def test_a_lane_is_not_served_past_one_that_is_in_hand_though_another_is_now_first(opened):
    spool = await opened()
    await spool.recover(NOW)
    (later,) = await added(spool, lane="a", not_before=NOW + 10)
    (taken,) = await spool.take(NOW + 20, 1)
    assert taken.id == later
    await added(spool, lane="a")
    assert await spool.take(NOW + 20, 10) == []
    assert await spool.next_due(NOW + 20) is None
    assert await spool.fence([later], NOW + 20) == {later}
    assert await spool.take(NOW + 20, 10) == []


async def test_one_that_is_fenced_twice_is_sent_once_and_can_be_settled(opened):
    spool = await opened()
    await spool.recover(NOW)
    (one,) = await added(spool)
    await spool.take(NOW, 1)
    assert await spool.fence([one], NOW) == {one}
    assert await spool.fence([one], NOW) == frozenset()
    assert await spool.settle(one, Settlement(state="delivered", now=NOW)) is True


async def taken_in_time(spool, count):
    """So many, once what nobody waits for is undone in its thread."""
    taken = []
    async with asyncio.timeout(10.0):
        while len(taken) < count:
            await asyncio.sleep(0.01)
            taken += await spool.take(NOW, 10)
    return taken


async def test_a_take_that_nobody_waits_for_any_more_claims_nothing(opened):
    spool = await opened()
    await spool.recover(NOW)
    await added(spool, 3)
    taking = asyncio.ensure_future(spool.take(NOW, 2))
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert len(await taken_in_time(spool, 3)) == 3


async def test_a_fence_that_nobody_waits_for_any_more_is_undone(opened):
    spool = await opened()
    await spool.recover(NOW)
    ids = await added(spool, 2)
    await spool.take(NOW, 10)
    fencing = asyncio.ensure_future(spool.fence(ids, NOW))
    await asyncio.sleep(0)
    fencing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fencing
    taken = await taken_in_time(spool, 2)
    assert [(one.id, one.attempts, one.reason) for one in taken] == [
        (one, 0, "not_sent") for one in ids
    ]


async def test_a_spool_that_is_closed_says_so(opened):
    spool = await opened()
    await spool.close()
    await spool.close()
    for call in (spool.add(delivery(NOW)), spool.find(), spool.fence(["a"], NOW)):
        with pytest.raises(SpoolUnavailable, match="closed"):
            await call


async def test_only_a_fence_lets_one_be_sending(opened):
    spool = await opened()
    with pytest.raises(ValueError, match="fence"):
        await spool.settle("a", Settlement(state="sending", now=NOW))


async def test_one_that_is_added_again_is_there_once(opened):
    spool = await opened()
    one = delivery(NOW, dedup="d")
    for _ in range(2):
        assert await spool.add(one) == Added(one.id)
    assert (await spool.figures(NOW)).counts["queued"] == 1


# Events.


async def test_who_reads_events_too_late_is_told_that_some_are_missing(opened):
    spool = await opened(most_events=10)
    await added(spool, 25)
    told = await spool.events_after(3, 100)
    assert told.gap
    assert [event.cursor for event in told.events] == list(range(16, 26))
    assert told.cursor == 25
    assert not (await spool.events_after(20, 3)).gap
    assert await spool.events_after(25) == ([], 25, False)
    assert await spool.events_after(99) == ([], 25, True)


# Several processes.


async def test_of_two_with_one_file_both_accept_and_one_delivers(opened):
    one, other = await opened(), await opened()
    await one.recover(NOW)
    await other.recover(NOW)
    ids = await added(one, 2) + await added(other, 2)
    assert await other.take(NOW, 10) == []
    assert [taken.id for taken in await one.take(NOW, 10)] == ids
    await one.fence(ids[:1], NOW)
    await one.close()
    assert await other.recover(NOW) == ids[:1]
    assert [taken.id for taken in await other.take(NOW, 10)] == ids[1:]


async def test_whoever_lost_the_file_to_another_sends_nothing(opened, tmp_path):
    one = await opened()
    await one.recover(NOW)
    ids = await added(one, 2)
    await one.take(NOW, 10)
    (tmp_path / "spool.db.lock").unlink()  # as on a file system that keeps no locks
    other = await opened()
    await other.recover(NOW)
    assert await one.fence(ids, NOW) == frozenset()
    await other.take(NOW, 10)
    assert await other.fence(ids, NOW) == set(ids)


async def test_the_outcome_is_believed_of_who_sent_it_though_another_took_over(opened, tmp_path):
    one = await opened()
    await one.recover(NOW)
    ids = await added(one, 2)
    await one.take(NOW, 10)
    await one.fence(ids, NOW)
    (tmp_path / "spool.db.lock").unlink()
    other = await opened()
    assert set(await other.recover(NOW)) == set(ids)
    assert await one.settle(ids[0], Settlement(state="delivered", now=NOW)) is True
    await other.requeue(ids[1:], NOW)
    await other.take(NOW, 10)
    await other.fence(ids[1:], NOW)
    assert await one.settle(ids[1], Settlement(state="delivered", now=NOW)) is False
    assert (await other.get(ids[1])).state == "sending"


# Names.


def test_ids_sort_as_they_were_made_even_where_the_clock_goes_back():
    identities = Identities()
    ids = [identities.new(wall) for wall in (5.0, 6.0, 1.0, 1.0, 6.5)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 5
    assert all(map(is_id, ids))
    assert ids[0] < Identities().new(7.0)
    assert not is_id("../../etc/passwd")
