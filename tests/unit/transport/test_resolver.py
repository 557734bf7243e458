import asyncio
import socket

import pytest

from sidecar.errors import ConnectError
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport import resolver as module
from sidecar.transport.resolver import Resolver
from tests.support.clock import FakeClock

FAILURE = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def at(*addresses):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]


class World:
    """A resolver on a fake `getaddrinfo` that plays `answers`; the last is repeated."""

    def __init__(self, *answers, gate=None):
        self.answers = list(answers)
        self.asked = []
        self.gate = gate
        self.clock = FakeClock()
        self.stats = PoolStats()
        self.subject = Resolver("api.test", 80, 30.0, self.clock, self.stats)

    async def getaddrinfo(self, host, port, **_kind):
        self.asked.append((host, port))
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


@pytest.fixture
async def make(monkeypatch):
    def make(*answers, gate=None):
        world = World(*answers, gate=gate)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", world.getaddrinfo)
        return world

    return make


@pytest.fixture
def events(monkeypatch):
    told = []
    monkeypatch.setattr(module.logs, "event", lambda name, *_, **__: told.append(name))
    return told


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_answer_is_used_until_its_time_is_over(make):
    world = make(at("127.0.0.1", "127.0.0.2"))
    for _ in range(3):
        assert await world.subject.addresses() == at("127.0.0.1", "127.0.0.2")
        world.clock.advance(14.0)
    assert world.asked == [("api.test", 80)]


async def test_an_old_answer_is_refreshed_behind_the_call(make):
    world = make(at("127.0.0.1"), at("127.0.0.2"))
    await world.subject.addresses()
    world.clock.advance(30.0)
    assert await world.subject.addresses() == at("127.0.0.1")
    await turns()
    assert await world.subject.addresses() == at("127.0.0.2")
    assert len(world.asked) == 2


async def test_all_who_wait_share_one_look_up(make):
    world = make(at("127.0.0.1"), gate=asyncio.Event())
    calls = [asyncio.ensure_future(world.subject.addresses()) for _ in range(3)]
    await turns()
    calls[0].cancel()
    await turns()
    world.gate.set()
    assert await calls[1] == await calls[2] == at("127.0.0.1")
    assert (calls[0].cancelled(), len(world.asked)) == (True, 1)


async def test_a_look_up_goes_on_when_nobody_waits_for_it_any_more(make):
    world = make(at("127.0.0.1"), gate=asyncio.Event())
    call = asyncio.ensure_future(world.subject.addresses())
    await turns()
    call.cancel()
    world.gate.set()
    await turns()
    assert await world.subject.addresses() == at("127.0.0.1")
    assert len(world.asked) == 1


async def test_without_an_answer_a_failure_is_an_error_for_all_and_asked_again(make):
    world = make(FAILURE, at("127.0.0.1"))
    calls = [asyncio.ensure_future(world.subject.addresses()) for _ in range(2)]
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert type(result) is ConnectError
        assert (result.code, result.sent) == ("dns_error", False)
        assert "api.test does not resolve: Temporary failure" in result.message
    assert world.stats.resolver_failures == 1
    assert await world.subject.addresses() == at("127.0.0.1")


async def test_the_last_good_answer_outlives_a_failing_resolver_which_is_asked_once_a_second(make):
    world = make(at("127.0.0.1"), FAILURE)
    await world.subject.addresses()
    world.clock.advance(30.0)
    for _ in range(40):
        assert await world.subject.addresses() == at("127.0.0.1")
        await turns()
        world.clock.advance(0.25)
    assert len(world.asked) == 1 + 10
    assert world.stats.resolver_failures == 10


async def test_failing_and_recovering_are_told_once_each(make, events):
    world = make(at("127.0.0.1"), FAILURE, FAILURE, FAILURE, at("127.0.0.1"), at("127.0.0.1"))
    for _ in range(6):
        await world.subject.addresses()
        await turns()
        world.clock.advance(31.0)
    assert events == ["resolver_failing", "resolver_recovered"]


async def test_an_exception_that_nobody_waits_for_is_not_left_behind(make):
    world = make(FAILURE, gate=asyncio.Event())
    call = asyncio.ensure_future(world.subject.addresses())
    await turns()
    call.cancel()
    world.gate.set()
    unheard = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    await turns()
    assert (world.stats.resolver_failures, unheard) == (1, [])


async def test_closing_ends_a_look_up_that_is_under_way(make):
    world = make(at("127.0.0.1"), gate=asyncio.Event())
    call = asyncio.ensure_future(world.subject.addresses())
    await turns()
    world.subject.close()
    with pytest.raises(asyncio.CancelledError):
        await call
    world.subject.close()


async def test_it_shows_what_it_knows(make):
    world = make(at("127.0.0.1"))
    await world.subject.addresses()
    assert repr(world.subject) == "<Resolver api.test: 1 addresses, failing=False>"
