import pytest

from sidecar.config import Pool as PoolConfig
from sidecar.errors import ConnectError, DeadlineExceeded, PoolTimeout
from sidecar.exchange import Timeline
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.need import Need
from sidecar.transport.pool import Pool
from tests.support.clock import FakeClock
from tests.support.connections import FakeDialer


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def dialer(clock):
    return FakeDialer(clock.now)


@pytest.fixture
async def make(clock, dialer):
    pools = []

    def make(**settings):
        pools.append(Pool(PoolConfig(**settings), dialer, clock, PoolStats()))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def need(*, safe=True, fresh=False, deadline=9e9, connect=3.0):
    return Need(safe, connect, deadline, 1, Timeline(0.0), fresh)


async def idle(pool, count):
    """`count` connections that were used once and given back, the last of them newest."""
    held = [await pool.acquire(need(fresh=True)) for _ in range(count)]
    for connection in held:
        pool.release(connection)
    return held


def figures(pool):
    return pool.stats.open, pool.stats.idle, pool.stats.waiters


async def test_the_newest_idle_connection_is_used_first(make):
    pool = make()
    first, second, third = await idle(pool, 3)
    assert [await pool.acquire(need()) for _ in range(3)] == [third, second, first]
    assert (figures(pool), pool.stats.reused, pool.stats.dials) == ((3, 0, 0), 3, 3)


async def test_a_connection_that_is_not_reusable_is_closed_and_leaves_its_place(make):
    pool = make()
    connection = await pool.acquire(need())
    connection.good = False
    pool.release(connection)
    assert connection.closed
    assert figures(pool) == (0, 0, 0)


@pytest.mark.parametrize("how", ["closed", "unasked"])
async def test_a_spoiled_connection_is_never_handed_out(make, how):
    pool = make()
    good, spoiled = await idle(pool, 2)
    setattr(spoiled, how, True)
    assert await pool.acquire(need()) is good
    assert spoiled.closed
    assert (figures(pool), pool.stats.discarded) == ((1, 0, 0), {"spoiled": 1})


@pytest.mark.parametrize(("seconds", "reused"), [(9.9, True), (10.0, False)])
async def test_a_connection_is_not_used_after_its_idle_time(make, clock, seconds, reused):
    pool = make(idle=10.0)
    (connection,) = await idle(pool, 1)
    clock.advance(seconds)
    assert (await pool.acquire(need()) is connection) is reused
    assert connection.closed is not reused


async def test_a_connection_is_not_used_nor_kept_after_its_age(make, clock):
    pool = make(max_age=100.0, idle=1000.0)
    first, second = await idle(pool, 2)
    busy = await pool.acquire(need())
    clock.advance(100.1)
    pool.release(busy)
    assert await pool.acquire(need()) not in {first, second}
    assert first.closed
    assert second.closed
    assert figures(pool) == (1, 0, 0)


async def test_what_must_not_be_sent_twice_goes_on_a_new_connection_past_a_short_while(make, clock):
    pool = make(idle_unsafe=2.0)
    (connection,) = await idle(pool, 1)
    clock.advance(1.9)
    assert await pool.acquire(need(safe=False)) is connection
    pool.release(connection)
    clock.advance(2.0)
    assert await pool.acquire(need(safe=False)) is not connection
    assert not connection.closed
    assert figures(pool) == (2, 1, 0)
    assert await pool.acquire(need(safe=True)) is connection


async def test_an_idle_connection_makes_room_for_a_new_one_at_the_limit(make, clock):
    pool = make(idle_unsafe=0.0, max_connections=2)
    first, second = await idle(pool, 2)
    new = await pool.acquire(need(safe=False))
    assert new not in {first, second}
    assert (first.closed, second.closed, figures(pool)) == (False, True, (2, 1, 0))


async def test_a_fresh_connection_was_never_idle(make):
    pool = make()
    (connection,) = await idle(pool, 1)
    assert await pool.acquire(need(fresh=True)) is not connection
    assert figures(pool) == (2, 1, 0)


async def test_an_idle_connection_that_ends_by_itself_is_forgotten(make, clock):
    pool = make(idle=20.0)
    held = await idle(pool, 3)
    for connection in held:
        clock.advance(5.0)
        connection.abort()
    assert figures(pool) == (0, 0, 0)
    assert pool.stats.discarded == {"upstream_closed": 3}
    assert pool.limit.limit(clock.now()) == 14.0


async def test_a_busy_connection_that_ends_is_counted_until_it_is_given_back(make):
    pool = make()
    connection = await pool.acquire(need())
    connection.abort()
    assert figures(pool) == (1, 0, 0)
    pool.release(connection)
    assert figures(pool) == (0, 0, 0)


async def test_a_failed_dial_leaves_its_place_and_is_counted_by_its_code(make, dialer):
    pool = make(max_connections=1)
    dialer.error = ConnectError("x", code="dns_error")
    for _ in range(3):
        with pytest.raises(ConnectError):
            await pool.acquire(need())
    assert (figures(pool), pool.stats.dial_failures) == ((0, 0, 0), {"dns_error": 3})


@pytest.mark.parametrize(
    ("left", "expected"), [(60.0, (3.0, "connect_timeout")), (1.0, (1.0, "total_timeout"))]
)
async def test_a_dial_is_given_the_connect_time_or_what_is_left(
    make, clock, dialer, left, expected
):
    await make().acquire(need(deadline=clock.now() + left))
    assert [(allowed.seconds, allowed.code) for allowed in dialer.asked] == [expected]


@pytest.mark.parametrize(
    ("max_wait", "left", "kind", "code"),
    [(0.0, 60.0, PoolTimeout, "pool_timeout"), (60.0, 0.0, DeadlineExceeded, "total_timeout")],
)
async def test_a_wait_for_a_connection_ends_with_its_own_timer_or_the_deadline(
    make, clock, max_wait, left, kind, code
):
    pool = make(max_connections=1, max_wait=max_wait)
    held = await pool.acquire(need())
    with pytest.raises(kind) as caught:
        await pool.acquire(need(deadline=clock.now() + left))
    assert (caught.value.code, figures(pool)) == (code, (1, 0, 0))
    pool.release(held)
    assert figures(pool) == (1, 1, 0)


async def test_a_closed_pool_closes_what_is_idle_now_and_what_is_busy_later(make):
    pool = make()
    quiet, busy = await idle(pool, 2)
    assert await pool.acquire(need()) is busy
    pool.close()
    assert (quiet.closed, busy.closed) == (True, False)
    pool.release(busy)
    assert busy.closed
    assert figures(pool) == (0, 0, 0)


async def test_a_sweep_closes_what_was_idle_for_too_long_and_only_that(make, clock):
    pool = make(idle=10.0)
    old, young = await idle(pool, 2)
    assert await pool.acquire(need()) is young
    clock.advance(9.0)
    pool.release(young)
    clock.advance(1.0)
    pool._drop_idle()
    assert (old.closed, young.closed, figures(pool)) == (True, False, (1, 1, 0))
    clock.advance(9.0)
    pool._drop_idle()
    assert young.closed
    assert (figures(pool), pool.stats.discarded) == ((0, 0, 0), {"idle": 2})


async def test_a_kept_connection_is_there_at_once_unless_it_may_not_be(make):
    pool = make()
    assert pool.at_once(need()) is None
    (connection,) = await idle(pool, 1)
    assert pool.at_once(need(fresh=True)) is None
    assert pool.at_once(need()) is connection
    assert (figures(pool), pool.stats.reused) == ((1, 0, 0), 1)
    pool.release(connection)
    pool.give_up()
    assert pool.at_once(need()) is None
