"""When a store is left alone, when it is tried again, and what is said of it."""

from sidecar.store.health import Health
from tests.support.guarded import bring_down, guarding
from tests.support.stepped_clock import settle


def events(caplog):
    return [(record.msg, record.fields.get("error")) for record in caplog.records]


async def test_after_three_failures_it_is_left_alone_and_said_so_once(caplog):
    caplog.set_level("INFO")
    async with guarding() as (store, backend, _):
        await bring_down(store, backend, OSError("secret host"))
        asked = len(backend.asked)
        for _ in range(5):
            assert await store.get("a") is None
            assert await store.add("a", b"1", 1.0) is None
        assert len(backend.asked) == asked
        assert store.stats.skipped == 10
        assert store.stats.up is False
        assert events(caplog) == [("store_up", None), ("store_down", "OSError")]
        assert "secret" not in caplog.text


async def test_it_is_tried_again_later_and_later_and_what_waits_is_written_then(caplog):
    caplog.set_level("INFO")
    async with guarding() as (store, backend, clock):
        await bring_down(store, backend, OSError())
        await store.set("a", b"1", 100.0)
        await store.delete("b")
        for _ in range(3):
            clock.next.set()
            await settle()
        backend.mood = None
        clock.next.set()
        await settle()
        assert clock.slept == [2.0, 4.0, 8.0, 16.0]  # it had been up for a moment only
        assert store.up
        assert backend.memory.read("a", 1000.0) == b"1"
        assert ("delete", "b") in backend.asked
        assert [name for name, _ in events(caplog)] == ["store_up", "store_down", "store_up"]


async def test_a_start_without_the_store_is_a_start_all_the_same(caplog):
    async with guarding(mood=OSError()) as (store, backend, clock):
        assert not store.up
        assert await store.get("a") is None
        backend.mood = None
        clock.next.set()
        await settle()
        assert store.up


# How long it is left alone.


def test_a_store_that_was_well_for_long_is_probed_soon_again():
    health = Health()
    assert health.probed(0.0)
    for now in (1.0, 1.0):
        assert not health.failed(now, begun=now)
    health.succeeded(1.0)
    assert [health.failed(100.0, begun=100.0) for _ in range(4)] == [False, False, True, False]
    assert health.cooldown == 1.0


def test_a_burst_that_fails_counts_once():
    health = Health()
    health.probed(0.0)
    assert not any(health.failed(1.05 + n / 1000, begun=1.0 + n / 1000) for n in range(50))
    assert [health.failed(now, begun=now - 0.05) for now in (2.0, 3.0)] == [False, True]


def test_one_that_comes_and_goes_is_probed_ever_more_rarely():
    health, waits = Health(), []
    for cycle in range(7):
        health.probed(cycle * 10.0)
        health.failed(cycle * 10.0 + 5.0, begun=0.0, for_good=True)
        waits.append(health.cooldown)
    assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_store_that_never_was_is_said_to_be_down_once():
    health = Health()
    assert [health.probe_failed() for _ in range(3)] == [True, False, False]
    assert health.probed(5.0)
    assert not health.probed(6.0)
    assert repr(health) == "up"
