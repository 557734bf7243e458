import asyncio
import gc
import time

import pytest

from sidecar.store.patience import Patience


class Stubborn:
    """Goes on when it is told to end."""

    def __init__(self):
        self.over = asyncio.Event()
        self.told = 0

    async def __call__(self):
        while not self.over.is_set():
            try:
                await self.over.wait()
            except asyncio.CancelledError:
                self.told += 1
        return "late"


async def test_what_is_in_time_is_given_and_what_fails_is_raised():
    async def fine():
        return 1

    async def broken():
        raise KeyError

    patience = Patience()
    assert await patience.within(1.0, fine) == 1
    with pytest.raises(KeyError):
        await patience.within(1.0, broken)


async def test_what_goes_on_all_the_same_holds_nobody_up():
    patience, stubborn = Patience(), Stubborn()
    start = time.perf_counter()
    with pytest.raises(TimeoutError):
        await patience.within(0.02, stubborn)
    assert time.perf_counter() - start < 0.5
    await asyncio.sleep(0)
    assert stubborn.told == 1
    stubborn.over.set()
    await patience.end(1.0)
    assert not patience._abandoned


async def test_a_caller_who_leaves_is_free_at_once():
    patience, stubborn = Patience(), Stubborn()
    caller = asyncio.ensure_future(patience.within(9.0, stubborn))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    stubborn.over.set()
    await patience.end(1.0)
    assert stubborn.told == 1


async def test_an_error_that_nobody_waits_for_any_more_is_nobodys_business():
    heard = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))

    async def leave():
        async def broken():
            caller.cancel()  # it leaves in the turn in which this fails
            raise KeyError

        caller = asyncio.ensure_future(Patience().within(9.0, broken))
        await asyncio.gather(caller, return_exceptions=True)

    await leave()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
    assert heard == []


async def test_an_end_that_does_not_come_is_not_waited_for():
    patience, stubborn = Patience(), Stubborn()
    with pytest.raises(TimeoutError):
        await patience.within(0.0, stubborn)
    await patience.end(0.01)
    assert len(patience._abandoned) == 1
    stubborn.over.set()
    await patience.end(1.0)
