"""What earlier configurations leave behind."""

from sidecar.config import Limit, Upstream
from sidecar.core.limit import Limiter
from sidecar.layers.limit import Gate
from sidecar.past import Past
from sidecar.telemetry.limit_stats import LimitStats
from sidecar.transport.upstream import UpstreamTransport
from tests.support.clock import FakeClock

CLOCK = FakeClock()


def gate():
    limiter = Limiter(Limit())
    return Gate(limiter, LimitStats(limiter), CLOCK)


async def test_what_is_at_rest_is_let_go_at_once():
    past = Past()
    past.add([UpstreamTransport(Upstream("http://x.test"), CLOCK), gate(), object()])
    assert len(past) == 0


async def test_what_is_in_use_stays_until_it_is_not_and_is_told_of_the_end():
    past, transport, told = Past(), UpstreamTransport(Upstream("http://x.test"), CLOCK), []
    transport.pool.stats.open = 1
    transport.give_up = lambda: told.append(1)
    past.add([transport])
    past.add([])
    assert len(past) == 1
    past.give_up()
    assert told == [1]
    transport.pool.stats.open = 0
    past.forget()
    assert len(past) == 0
    await past.close()
