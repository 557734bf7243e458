import pytest

from sidecar.core.cache.generations import Generations
from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.store.changes import LONGEST, Changes
from sidecar.store.entries import Entries
from sidecar.store.serializer import dumps
from tests.support.cached import Shelf
from tests.support.clock import FakeClock
from tests.support.memory_store import Memory, MemoryStore

NOW = 1_700_000_000.0


def entry(body=b"one", *, vary=(), selecting=(), tags=(), lifetime=60.0, keep=0.0, at=NOW):
    plan = Plan(lifetime, vary=vary, keep=keep)
    head = Head(200, b"OK", [])
    return Entry(head, body, at, plan, tags, selecting=selecting, upstream="api", path="/a")


class Sidecar:
    """One process: its memory and its generations, before a store that it may share."""

    def __init__(self, store=None, epoch="1"):
        self.generations = Generations()
        self.entries = Entries(Shelf(), self.generations, b"secret", store, epoch)

    def keep(self, value, *tags, key="k"):
        from dataclasses import replace

        self.entries.keep(key, replace(value, tags=self.generations.now(tags)))

    async def body(self, *headers, key="k", now=NOW + 1):
        found = await self.entries.find(key, list(headers), now)
        return None if found.entry is None else found.entry.body


def store(kind=MemoryStore):
    """One that has known of all changes for a long time."""
    made = kind(Memory(), FakeClock())
    made.soon(Changes(made, b"secret")._key("\0"), dumps([NOW - 1000.0]), LONGEST)
    return made


async def test_what_is_kept_is_found_until_it_is_of_no_use():
    sidecar = Sidecar()
    sidecar.keep(entry(lifetime=60, keep=10))
    assert await sidecar.body() == b"one"
    assert await sidecar.body(now=NOW + 70) == b"one"
    assert await sidecar.body(now=NOW + 71) is None
    assert not sidecar.entries.memory.values
    assert repr(sidecar.entries).startswith("<Entries ")


async def test_vary_keeps_several_beside_each_other():
    sidecar = Sidecar()
    for value in (b"x", None):
        sidecar.keep(entry(str(value).encode(), vary=(b"foo",), selecting=(value,)))
    assert await sidecar.body((b"Foo", b"x")) == b"b'x'"
    assert await sidecar.body() == b"None"
    found = await sidecar.entries.find("k", [(b"Foo", b"y")], NOW)
    assert found.entry is None
    assert found.key != "k"


async def test_what_was_selected_by_other_fields_is_not_found_by_the_same_values():
    sidecar = Sidecar()
    sidecar.keep(entry(b"without foo", vary=(b"foo",), selecting=(None,)))
    sidecar.keep(entry(b"with bar", vary=(b"bar",), selecting=(b"x",)))
    assert await sidecar.body((b"Bar", b"x")) == b"with bar"
    assert await sidecar.body((b"Foo", b"y")) is None


async def test_one_variant_is_dropped_and_the_others_stay():
    sidecar = Sidecar()
    for value in (b"x", b"y"):
        sidecar.keep(entry(value, vary=(b"foo",), selecting=(value,)))
    place = (await sidecar.entries.find("k", [(b"Foo", b"x")], NOW)).key
    sidecar.entries.drop(place)
    assert await sidecar.body((b"Foo", b"x")) is None
    assert await sidecar.body((b"Foo", b"y")) == b"y"


async def test_a_change_drops_what_was_made_before_it():
    sidecar = Sidecar()
    sidecar.keep(entry(), "t")
    sidecar.entries.bump(("other",), NOW)
    assert await sidecar.body() == b"one"
    sidecar.entries.bump(("t",), NOW)
    assert await sidecar.body() is None


async def test_a_soft_change_leaves_it_stale():
    sidecar = Sidecar()
    sidecar.keep(entry(keep=100), "t")
    sidecar.entries.bump(("t",), NOW, soft=True)
    found = (await sidecar.entries.find("k", [], NOW + 5)).entry
    assert found.fresh_until == NOW + 5
    sidecar.entries.ban("api", "/a", NOW)
    assert await sidecar.body() is None


async def test_what_is_stored_outlives_the_process_and_is_shared():
    shared = store()
    Sidecar(shared, "1").keep(entry(), "t")
    other = Sidecar(shared, "2")
    assert await other.body() == b"one"
    other.entries.bump(("t",), NOW + 1)
    assert await other.body() is None


async def test_variants_are_shared():
    shared = store()
    Sidecar(shared, "1").keep(entry(b"x", vary=(b"foo",), selecting=(b"x",)))
    other = Sidecar(shared, "2")
    assert await other.body((b"Foo", b"x")) == b"x"
    assert await other.body((b"Foo", b"y")) is None


@pytest.mark.parametrize("change", ["bump", "soft", "ban"])
async def test_a_change_before_the_start_counts_for_what_was_stored_before_it(change):
    shared = store()
    before = Sidecar(shared, "1")
    before.keep(entry(), "t")
    if change == "ban":
        before.entries.ban("api", "/a", NOW + 5)
    else:
        before.entries.bump(("t",), NOW + 5, soft=change == "soft")
    after = Sidecar(shared, "2")
    assert await after.body() is None
    before.keep(entry(b"newer", at=NOW + 10), "t")
    assert await after.body(now=NOW + 11) == b"newer"
    assert await before.body(now=NOW + 11) == b"newer"


async def test_what_another_stored_before_our_write_is_not_taken_after_it():
    shared = store()
    ours, theirs = Sidecar(shared, "1"), Sidecar(shared, "2")
    for _ in range(5):
        theirs.entries.bump(("t",), NOW - 100)  # their generations are far ahead of ours
    theirs.keep(entry(), "t")
    theirs.keep(entry(), "t", key="other")
    assert await ours.body() == b"one"
    ours.entries.bump(("t",), NOW + 1)
    assert await ours.body() is None
    assert await ours.body(key="other") is None


async def test_our_own_generations_count_for_what_we_stored_ourselves():
    shared = store()
    ours = Sidecar(shared, "1")
    ours.keep(entry(), "t")
    ours.entries.memory.values.clear()
    assert await ours.body() == b"one"
    ours.entries.bump(("t",), NOW - 1000)  # whatever the wall clock says
    ours.entries.memory.values.clear()
    assert await ours.body() is None


class Silent(MemoryStore):
    """Answers for records and not for changes."""

    async def get_all(self, keys):
        return None


async def test_where_nobody_can_say_what_has_changed_it_is_a_miss():
    shared = store(Silent)
    Sidecar(shared, "1").keep(entry(), "t")
    assert await Sidecar(shared, "2").body() is None


async def test_a_broken_record_is_a_miss_and_a_broken_change_counts_as_one():
    shared = store()
    changes = Changes(shared, b"secret")
    await shared.set("k", b"\x01rubbish", 60)
    assert await Sidecar(shared, "2").body() is None
    await shared.set(changes._key("t"), b"rubbish", 60)
    assert await changes.verdict(["t"], NOW, NOW) == "some"
    assert await changes.verdict(["u"], NOW, NOW) == "none"


async def test_what_is_dropped_is_dropped_for_all():
    shared = store()
    ours = Sidecar(shared, "1")
    ours.keep(entry())
    ours.entries.drop("k")
    assert await Sidecar(shared, "2").body() is None
