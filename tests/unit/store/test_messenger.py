"""What sidecars tell each other, how much of it is heard, and what is said of it."""

import asyncio

import pytest

from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.news import EVERYTHING, News
from sidecar.store.message import Message, decode, encode
from sidecar.store.watch import Watch
from sidecar.telemetry.message_stats import MessageCollector, MessageStats
from sidecar.telemetry.metrics import Metrics
from tests.support.messages import SECRET, Process, Server, end, two
from tests.support.virtual_time import VirtualClock, in_virtual_time, virtually


@virtually
async def test_the_other_hears_at_once_and_nobody_hears_himself():
    _, one, other = await two()
    one.messenger.tell(News(("a",)))
    one.messenger.tell(News(soft=("b",)))
    await asyncio.sleep(0.01)
    assert other.heard == [News(("a",), ("b",))]
    assert one.heard == []
    assert (one.stats.sent, one.stats.heard, other.stats.heard) == (1, 0, 1)
    assert repr(one.messenger) == "<Messenger up <Outbox of 0 news>>"
    await end(one, other)


@virtually
async def test_what_others_send_by_mistake_or_by_malice_is_only_counted():
    server, one, other = await two()
    for data in (b"", b"x" * 1_000_000, encode(Message("evil", EVERYTHING), b"guessed")):
        server.send(data)
    one.messenger.tell(News(("a",)))
    await asyncio.sleep(0.01)
    assert other.heard == [News(("a",))]
    assert other.stats.unreadable == 3
    assert other.channel.subscribed == 1
    await end(one, other)


@virtually
async def test_as_long_as_the_server_answers_everything_is_heard_up_to_a_moment_ago():
    _, one, other = await two()
    for _ in range(50):
        await asyncio.sleep(0.37)
        assert one.lag() <= 2.01
    assert one.channel.subscribed == 1
    await end(one, other)


@virtually
async def test_an_answer_that_is_late_counts_for_when_it_was_asked_for():
    _, one, other = await two()
    asked, ping = [], one.channel.ping

    async def late():
        asked.append(VirtualClock().wall())
        await asyncio.sleep(1.5)
        await ping()

    one.channel.ping = late
    await asyncio.sleep(20)
    assert one.hearing._until in asked
    await end(one, other)


@pytest.mark.parametrize("mood", ["gone", "frozen"])
def test_what_cannot_be_told_is_told_later_and_said_once(mood, caplog):
    caplog.set_level("INFO")

    async def run():
        server, one, other = await two()
        server.go() if mood == "gone" else setattr(server, "mood", mood)
        for number in range(3):
            one.messenger.tell(News((f"t{number}",)))
            await asyncio.sleep(10)
        assert (one.stats.up, other.stats.up, other.heard) == (False, False, [])
        assert one.lag() > 20
        server.mood = "well"
        await asyncio.sleep(10)
        assert set().union(*(news.hard for news in other.heard)) == {"t0", "t1", "t2"}
        assert (one.stats.up, other.stats.up) == (True, True)
        assert one.lag() <= 2.01
        assert one.stats.failed > 0
        await end(one, other)

    in_virtual_time(run())
    said = [record.msg for record in caplog.records]
    assert sorted(said) == ["messages_down"] * 2 + ["messages_up"] * 4


def test_a_server_that_was_never_there_is_said_to_be_down_once(caplog):
    async def run():
        server = Server()
        server.mood = "gone"
        one = Process(server, "one")
        await asyncio.sleep(100)
        assert 45 < one.channel.tries < 60  # every two seconds, at last
        await end(one)

    in_virtual_time(run())
    assert [record.msg for record in caplog.records] == ["messages_down"]
    assert caplog.records[0].fields == {"store": "redis", "error": "ConnectionError"}


@virtually
async def test_what_was_missed_meanwhile_is_not_taken_for_heard():
    server, one, other = await two()
    await asyncio.sleep(10)
    began = one.hearing._since
    server.go()
    await asyncio.sleep(5)
    server.mood = "well"
    await asyncio.sleep(5)
    assert one.hearing._since > began + 10
    await end(one, other)


@virtually
async def test_the_last_words_are_said_at_the_end():
    server, one, other = await two()
    await asyncio.sleep(1)
    one.messenger.tell(News(("late",)))
    await end(one)
    await asyncio.sleep(0.01)
    assert other.heard == [News(("late",))]
    await end(other)
    assert [decode(data, SECRET).origin for data in server.published] == ["one"]


@virtually
async def test_a_frozen_server_does_not_hold_up_the_end():
    server, one, other = await two()
    server.mood = "frozen"
    one.messenger.tell(News(("late",)))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await end(one, other)
    assert asyncio.get_running_loop().time() - began < 5


@virtually
async def test_a_file_is_watched_for_what_others_write():
    versions = iter([1, 1, 1, 2, 2, None, 2, 2])
    hearing = Hearing(5.0)
    clock = VirtualClock()

    async def version():
        return next(versions)

    watch = Watch(version, hearing, clock)
    seen = []
    for _ in range(8):
        await watch.look()
        seen.append((hearing._since - clock.wall(), hearing._until - clock.wall()))
        await clock.sleep(1)
    assert seen == [(0, 0), (-1, 0), (-2, 0), (0, 0), (-1, 0), (-2, -1), (0, 0), (-1, 0)]
    assert repr(watch).startswith("<Watch <Hearing ")
    await watch.close()


@virtually
async def test_a_watch_looks_often_enough():
    looks = 0

    async def version():
        nonlocal looks
        looks += 1
        return 1

    watch = Watch(version, Hearing(5.0), VirtualClock())
    watch.start()
    await asyncio.sleep(10.5)
    await watch.close()
    assert looks == 11


def test_messages_are_exported_where_there_are_any():
    stats = MessageStats(sent=3, heard=2, unreadable=1, failed=4, up=True)
    metrics = Metrics("1")
    metrics.register(MessageCollector(lambda: stats))
    value = metrics.registry.get_sample_value
    for result, count in {"sent": 3, "heard": 2, "unreadable": 1, "failed": 4}.items():
        assert value("sidecar_cache_messages_total", {"result": result}) == count
    assert value("sidecar_cache_messages_up") == 1
    assert stats.snapshot()["up"] is True
    none = Metrics("1")
    none.register(MessageCollector(lambda: None))
    assert none.registry.get_sample_value("sidecar_cache_messages_up") is None
