"""The shared stores as they are: what a real file and a real Redis have in common."""

import asyncio

import pytest

from tests.support.shared_stores import KINDS, any_store, idle, opened


@pytest.fixture(params=KINDS)
async def config(request, tmp_path):
    async with any_store(request.param, tmp_path) as config:
        yield config


async def test_what_one_writes_the_other_finds(config):
    async with opened(config) as one, opened(config) as other:
        await one.set("a", b"\x00\xffvalue", 60.0)
        await idle(one)
        assert await other.get("a") == b"\x00\xffvalue"
        await other.delete("a")
        await idle(other)
        assert await one.get("a") is None
        assert not one.stats.failures


async def test_only_one_of_many_adds_a_key(config):
    async with opened(config) as one, opened(config) as other:
        adding = [store.add("a", b"%d" % n, 60.0) for n in range(10) for store in (one, other)]
        assert sorted(await asyncio.gather(*adding)) == [False] * 19 + [True]


async def test_a_value_ends_with_its_time_and_may_be_added_again(config):
    async with opened(config) as store:
        assert await store.add("a", b"1", 0.15) is True
        assert await store.add("a", b"2", 60.0) is False
        await asyncio.sleep(0.2)
        assert await store.get("a") is None
        assert await store.add("a", b"3", 60.0) is True
        assert await store.get("a") == b"3"


async def test_several_keys_are_read_at_once(config):
    async with opened(config) as store:
        await store.set("a", b"1", 60.0)
        await store.add("b", b"2", 0.15)
        await idle(store)
        assert await store.get_all(["a", "b", "c"]) == [b"1", b"2", None]
        await asyncio.sleep(0.2)
        assert await store.get_all(["b", "a"]) == [None, b"1"]


async def test_reading_after_waits_were_cut_off_gives_the_right_answers(config):
    async with opened(config) as store:
        for number in range(50):
            store.soon(str(number), b"%d" % number, 60.0)
        await idle(store)
        reads = [asyncio.ensure_future(store.get(str(n % 50))) for n in range(200)]
        await asyncio.sleep(0.002)
        for read in reads[::3]:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
        assert [await store.get(str(n)) for n in range(50)] == [b"%d" % n for n in range(50)]


async def test_a_store_that_is_closed_is_a_miss(config):
    async with opened(config) as store:
        await store.close()
        assert await store.get("a") is None
        assert await store.add("a", b"1", 1.0) is None
        await store.set("a", b"1", 1.0)
