"""What the warmer does when somebody drops answers by hand."""

import asyncio

from sidecar.config.cache import Cache
from tests.support.builders import response
from tests.support.cached import World
from tests.support.virtual_time import VirtualClock, virtually


def world():
    answer = response(200, b"one", [(b"ETag", b'"1"')])
    return World(answer, config=Cache(ttl=60.0), draw=1.0, clock=VirtualClock())


async def use(subject, number=1):
    for n in range(number):
        await subject.get(target=f"/{n}")
        await subject.get(target=f"/{n}")


@virtually
async def test_what_was_dropped_by_hand_is_not_kept_warm_any_more():
    subject = world()
    await use(subject, 3)
    assert subject.warmer.purged(lambda entry: entry.path != "/1", refresh=False) == 0
    assert [known.entry.path for known in subject.warmer._known.values()] == ["/1"]
    await asyncio.sleep(100)
    assert [call.request.target for call in subject.calls[3:]] == ["/1"]
    subject.warmer.close()


@virtually
async def test_where_it_is_asked_for_it_is_fetched_again_and_not_renewed():
    """A 304 would bring back what somebody wanted gone."""
    subject = world()
    await use(subject)
    assert subject.warmer.purged(lambda _: True, refresh=True) == 1
    await asyncio.sleep(1)
    assert len(subject.calls) == 2
    assert not [name for name, _ in subject.calls[1].request.headers if name[:3] == b"If-"]
    assert subject.stats.refreshed == {"purged": 1}
    subject.warmer.close()
    await asyncio.sleep(1)


@virtually
async def test_what_nobody_used_for_a_minute_is_not_fetched_again():
    subject = world()
    await use(subject)
    subject.warmer._known[next(iter(subject.warmer._known))].timer.cancel()
    await asyncio.sleep(61)
    assert subject.warmer.purged(lambda _: True, refresh=True) == 0
    subject.warmer.close()


@virtually
async def test_many_are_fetched_again_a_few_at_a_time():
    subject = world()
    await use(subject, 30)
    assert subject.warmer.purged(lambda _: True, refresh=True) == 20
    await asyncio.sleep(5)
    assert subject.stats.refreshed == {"purged": 20}
    subject.warmer.close()
    await asyncio.sleep(1)
