"""What a sidecar may give out of its memory, or of a store, after another one wrote."""

from dataclasses import replace

import pytest

from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.store import changes
from tests.support.shared_entries import NAMES, START, Sidecar, Store


@pytest.fixture
async def world():
    store = Store()
    one, other = Sidecar(store, "1"), Sidecar(store, "2")
    await one.entries.start(START - 100)
    return store, one, other


CHAT = "/rest/v1/messages?chat_id=eq.7"
MINE = "/rest/v1/messages?id=eq.1"


async def test_a_row_that_another_wrote_is_not_taken_from_the_store(world):
    """The other has never seen a read by `chat_id`: what it bumps itself no such answer carries."""
    _, one, other = world
    one.read(CHAT, at=START)
    assert await other.has(CHAT, at=START + 1)
    other.entries.memory.values.clear()
    other.write("POST", "/rest/v1/messages", b'{"id": 1, "chat_id": 7}', at=START + 2)
    assert not await other.has(CHAT, at=START + 3)
    third = Sidecar(world[0], "3")
    assert not await third.has(CHAT, at=START + 3)


async def test_what_was_taken_from_another_is_dropped_by_ones_own_write(world):
    """The other's rows are called by a column that this one has never seen a read by."""
    _, one, other = world
    one.read(CHAT, at=START)
    one.read("/rest/v1/people?id=eq.1", at=START)
    assert await other.has(CHAT, at=START + 1)
    assert await other.has("/rest/v1/people?id=eq.1", at=START + 1)
    other.write("POST", "/rest/v1/messages", b'{"id": 1, "chat_id": 7}', at=START + 2)
    assert not await other.has(CHAT, at=START + 2)
    assert await other.has("/rest/v1/people?id=eq.1", at=START + 2)


async def test_nor_is_ones_own_record_after_another_wrote(world):
    _, one, other = world
    one.read(CHAT, at=START)
    one.entries.memory.values.clear()
    other.write("POST", "/rest/v1/messages", b'{"id": 1, "chat_id": 7}', at=START + 2)
    assert not await one.has(CHAT, at=START + 5.5)


async def test_who_is_told_drops_it_at_once(world):
    _, one, other = world
    one.read(CHAT, at=START)
    one.hearing.begin(START - 1)
    one.hearing.heard(START + 2)
    other.write("POST", "/rest/v1/messages", b'{"id": 1, "chat_id": 7}', at=START + 2)
    one.hears(other, at=START + 2)
    assert not await one.has(CHAT, at=START + 2.1)


async def test_other_rows_stay_where_they_were_written_as_long_as_others_are_heard(world):
    store, one, _ = world
    one.hearing.begin(START - 1)
    one.read(MINE, at=START)
    one.write("PATCH", "/rest/v1/messages?id=eq.2", b'{"text": "x"}', at=START + 2)
    one.hearing.heard(START + 100)
    assert await one.has(MINE, at=START + 101)
    assert store.asked == 0
    one.write("PATCH", MINE, b'{"text": "x"}', at=START + 102)
    assert not await one.has(MINE, at=START + 102)


async def test_where_nobody_is_heard_a_write_is_seen_after_five_seconds(world):
    _, one, other = world
    one.read(CHAT, at=START)
    other.write("POST", "/rest/v1/messages", b'{"id": 1}', at=START + 2)
    assert await one.has(CHAT, at=START + 5)
    assert not await one.has(CHAT, at=START + 5.1)
    assert not one.entries.memory.values


async def test_what_nobody_changed_is_looked_up_every_five_seconds_only(world):
    store, one, _ = world
    one.read(CHAT, at=START)
    for tenth in range(200):
        assert await one.has(CHAT, at=START + tenth / 10)
    assert store.asked == 3


async def test_a_change_that_reaches_the_store_late_is_seen_all_the_same(world):
    store, one, other = world
    one.read(CHAT, at=START)
    store.held = []
    other.write("POST", "/rest/v1/messages", b'{"id": 1}', at=START + 2)
    assert await one.has(CHAT, at=START + 6)
    for key, value, ttl in store.held:
        await store.set(key, value, ttl)
    assert not await one.has(CHAT, at=START + 12)


async def test_what_one_was_told_counts_before_it_is_in_the_store(world):
    store, one, other = world
    one.read(CHAT, at=START)
    third = Sidecar(store, "3")
    store.held = []
    other.write("POST", "/rest/v1/messages", b'{"id": 1}', at=START + 2)
    third.hears(other, at=START + 2)
    assert not await third.has(CHAT, at=START + 2.1)
    one.read(CHAT, at=START + 10)
    assert await third.has(CHAT, at=START + 11)


async def test_without_the_store_what_nobody_vouches_for_is_stale_and_not_gone(world):
    store, one, _ = world
    one.read(CHAT, at=START)
    store.down = True
    assert await one.has(CHAT, at=START + 5)
    entry = await one.find(CHAT, at=START + 6)
    assert entry.fresh_until == START + 6
    store.down = False
    assert await one.has(CHAT, at=START + 7)


async def test_a_store_that_was_emptied_vouches_for_nothing_older(world):
    store, one, other = world
    one.read(CHAT, at=START)
    other.write("POST", "/rest/v1/messages", b'{"id": 1}', at=START + 2)
    store.memory.clear()
    assert not await one.has(CHAT, at=START + 6)
    assert not await one.has(CHAT, at=START + 12)
    one.read(CHAT, at=START + 13)
    assert await one.has(CHAT, at=START + 20)


async def test_what_is_older_than_the_store_remembers_is_stale(world):
    store, one, _ = world
    one.entries._changes._store = store
    one.read(CHAT, at=START, lifetime=30 * 86400.0)
    assert await one.has(CHAT, at=START + changes.LONGEST - 1)
    assert not await one.has(CHAT, at=START + changes.LONGEST + 10)


async def test_too_many_changes_to_tell_are_one_of_everything(world, monkeypatch):
    store, one, other = world
    one.read(CHAT, at=START)
    monkeypatch.setattr(store, "soon", lambda *args, **named: _lossy(store, *args, **named))
    other.entries.bump(("something else",), START + 2)
    assert not await one.has(CHAT, at=START + 6)


def _lossy(store, key, value, ttl, *, needed=False):
    store.memory.write(key, value, ttl, store._clock.now())
    return needed


@pytest.mark.parametrize("soft", [True, False])
async def test_a_purge_of_a_path_reaches_those_who_hear_it_as_it_is(world, soft):
    _, one, other = world
    one.hearing.begin(START - 1)
    one.hearing.heard(START + 10)
    one.read(CHAT, at=START, keep=100.0)
    one.read("/other", at=START)
    other.entries.ban("api", "/rest/", START + 2, soft=soft)
    one.hears(other, at=START + 2)
    assert (await one.find(CHAT, at=START + 3) is not None) is soft
    assert not await one.has(CHAT, at=START + 3)
    assert await one.has("/other", at=START + 3)


async def test_a_soft_change_is_told_as_such(world):
    _, one, other = world
    one.hearing.begin(START - 1)
    one.hearing.heard(START + 10)
    one.read(CHAT, at=START, keep=100.0)
    other.entries.bump(NAMES.of(["messages!"]), START + 2, soft=True)
    one.hears(other, at=START + 2)
    entry = await one.find(CHAT, at=START + 3)
    assert entry.fresh_until == START + 3


async def test_a_look_up_that_was_cut_off_does_not_count(world):
    store, one, _ = world
    one.read(CHAT, at=START)

    async def broken(_):
        raise RuntimeError

    store.get_all, get_all = broken, store.get_all
    with pytest.raises(RuntimeError):
        await one.find(CHAT, at=START + 6)
    store.get_all = get_all
    store.down = True
    assert not await one.has(CHAT, at=START + 7)


async def test_of_many_changes_heard_those_that_are_forgotten_count_as_late(world, monkeypatch):
    monkeypatch.setattr(changes, "_MOST_HEARD", 3)
    store, one, _ = world
    one.read(CHAT, at=START)
    third = Sidecar(store, "3")
    third.entries._changes.heard([f"t{n}" for n in range(4)], START + 2)
    assert not await third.has(CHAT, at=START + 3)
    one.read(CHAT, at=START + 10)
    assert await third.has(CHAT, at=START + 11)


def test_an_entry_was_asked_for_when_its_request_was_sent():
    entry = Entry(Head(200, b"OK", []), b"", 100.0, Plan(1.0), cost=2.5)
    assert entry.asked_at == 97.5
    assert replace(entry, cost=0.0) == Entry(entry.head, b"", 100.0, Plan(1.0))
