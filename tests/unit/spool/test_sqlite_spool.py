import asyncio
import sqlite3

import pytest

from sidecar.spool import Added, Full, Settlement, SpoolDamaged, SpoolUnavailable
from sidecar.spool.identity import LENGTH, Identities, is_id
from sidecar.spool.sealing import KeySeal
from tests.support.spools import delivery

NOW = 1000.0
SECRETS = (b"s3cret-token", b"s3cret-body", b"s3cret-query", b"s3cret-answer")


async def added(spool, count=1, **changes):
    new = [delivery(NOW, **changes) for _ in range(count)]
    assert await asyncio.gather(*map(spool.add, new)) == [Added(one.id) for one in new]
    return [one.id for one in new]


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


async def test_a_take_that_nobody_waits_for_any_more_claims_nothing(opened):
    spool = await opened()
    await spool.recover(NOW)
    await added(spool, 3)
    taking = asyncio.ensure_future(spool.take(NOW, 2))
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await asyncio.sleep(0.05)  # until it is undone, in its thread
    assert len(await spool.take(NOW, 10)) == 3


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
    await asyncio.sleep(0.05)
    taken = await spool.take(NOW, 10)
    assert [(one.id, one.attempts, one.reason) for one in taken] == [
        (one, 0, "not_sent") for one in ids
    ]


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


# What is at rest.


def everything(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_with_a_key_nothing_of_a_call_can_be_read_in_the_file(opened, tmp_path):
    from tests.support.spool_machine import ANSWER

    for seal in (None, KeySeal(bytes(32))):
        for path in tmp_path.iterdir():
            path.unlink()
        spool = await opened(seal=seal)
        await spool.recover(NOW)
        (one,) = await added(spool)
        (taken,) = await spool.take(NOW, 1)
        await spool.settle(one, Settlement(state="failed", now=NOW, answer=ANSWER))
        found = [secret in everything(tmp_path) for secret in SECRETS]
        assert found == [seal is None] * 4
        kept = await spool.get(one)
        assert (kept.body, kept.headers, kept.answer) == (taken.body, taken.headers, ANSWER)
        await spool.close()


async def test_another_key_or_none_is_refused_and_nothing_is_changed(opened, tmp_path):
    spool = await opened(seal=KeySeal(bytes(32)))
    ids = await added(spool)
    await spool.close()
    for seal in (None, KeySeal(bytes(31) + b"\1")):
        with pytest.raises(SpoolDamaged, match="another key"):
            await opened(seal=seal)
    spool = await opened(seal=KeySeal(bytes(32)))
    assert (await spool.get(ids[0])).body == b"s3cret-body"


async def test_what_was_written_before_there_was_a_key_is_still_read(opened):
    spool = await opened()
    ids = await added(spool)
    await spool.close()
    spool = await opened(seal=KeySeal(bytes(32)))
    ids += await added(spool)
    assert [(await spool.get(one)).body for one in ids] == [b"s3cret-body"] * 2
    await spool.close()
    with pytest.raises(SpoolDamaged):
        await opened()


async def test_a_delivery_that_was_put_in_the_place_of_another_is_not_sent(opened):
    spool = await opened(seal=KeySeal(bytes(32)))
    await spool.recover(NOW)
    ids = await added(spool, 3)

    def swap(session):
        session.connection.execute(
            "UPDATE requests SET data = (SELECT data FROM requests WHERE seq = 2) WHERE seq = 1"
        )

    await spool._access.write(swap)
    assert [one.id for one in await spool.take(NOW, 10)] == ids[1:]
    dead = await spool.find(states=("failed",))
    assert [(one.id, one.reason) for one in dead] == [(ids[0], "unreadable")]
    with pytest.raises(SpoolDamaged):
        await spool.get(ids[0])


async def test_the_file_is_for_its_owner_only(opened, tmp_path):
    spool = await opened()
    await added(spool)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


# What cannot be read.


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(opened, tmp_path):
    path = tmp_path / "spool.db"
    path.write_bytes(b"this is no database" * 500)
    with pytest.raises(SpoolDamaged, match="left as it is"):
        await opened()
    assert path.read_bytes() == b"this is no database" * 500
    assert [one.name for one in tmp_path.iterdir()] == ["spool.db"]


async def test_a_database_of_another_program_is_refused(opened, tmp_path):
    other = sqlite3.connect(tmp_path / "spool.db")
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(SpoolDamaged, match="another program"):
        await opened()


async def test_a_file_of_a_later_version_is_refused(opened, tmp_path):
    await (await opened()).close()
    later = sqlite3.connect(tmp_path / "spool.db")
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(SpoolDamaged, match="later version"):
        await opened()


async def test_a_damaged_page_is_noticed_at_start(opened, tmp_path):
    spool = await opened()
    await added(spool, 300)
    await spool.close()
    path = tmp_path / "spool.db"
    with path.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xa5" * 4096 * 10)
    before = path.read_bytes()
    with pytest.raises(SpoolDamaged, match="damaged"):
        await opened()
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_written_is_said_at_start(opened, tmp_path):
    (tmp_path / "spool.db").mkdir()
    with pytest.raises(SpoolUnavailable):
        await opened()


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
    assert all(is_id(one) and len(one) == LENGTH for one in ids)
    assert ids[0] < Identities().new(7.0)
    assert not is_id("../../etc/passwd")
