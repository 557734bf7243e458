import asyncio

import pytest

from sidecar.spool.in_order import InOrder


async def test_what_is_of_one_kind_goes_in_the_order_of_asking_and_other_kinds_do_not_wait():
    lines, order = InOrder(), []
    gate = asyncio.Event()

    async def go(kind, number):
        async with lines.turn(kind):
            if number == 0:
                await gate.wait()
            order.append((kind, number))

    going = [asyncio.ensure_future(go(kind, n)) for n in range(4) for kind in ("a", "")]
    going.append(asyncio.ensure_future(go("b", 1)))
    for _ in range(5):
        await asyncio.sleep(0)
    assert order == [("", 1), ("", 2), ("", 3), ("b", 1)]
    going[4].cancel()  # ("a", 2)
    gate.set()
    await asyncio.gather(*going, return_exceptions=True)
    assert [one for one in order if one[0] == "a"] == [("a", 0), ("a", 1), ("a", 3)]
    assert len(lines) == 0


async def test_a_turn_that_fails_is_over():
    lines = InOrder()
    with pytest.raises(ValueError, match="x"):
        async with lines.turn("a"):
            raise ValueError("x")
    async with asyncio.timeout(1), lines.turn("a"):
        assert len(lines) == 1
