import asyncio

import pytest

from sidecar.errors import Draining
from sidecar.exchange import stack
from sidecar.layers.ending import Ending
from tests.support.builders import exchange, response


def waiting(ending, subject):
    async def hang(_exchange):
        await asyncio.Event().wait()

    return asyncio.ensure_future(stack(ending.layer(), on=hang)(subject))


@pytest.mark.parametrize("sent_at", [0.0, 5.0])
async def test_a_call_that_waits_is_told_that_the_sidecar_stops(sent_at):
    ending, subject = Ending(), exchange()
    subject.timeline.sent_at = sent_at
    call = waiting(ending, subject)
    await asyncio.sleep(0)
    ending.give_up()
    with pytest.raises(Draining) as caught:
        await call
    assert caught.value.sent is (sent_at > 0)
    assert repr(ending) == "<Ending 0 under way>"


async def test_a_client_that_leaves_is_not_told_anything():
    ending = Ending()
    call = waiting(ending, exchange())
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert repr(ending) == "<Ending 0 under way>"


async def test_a_call_that_was_answered_is_left_alone():
    ending, answer = Ending(), response(200)

    async def answers(_exchange):
        return answer

    assert await stack(ending.layer(), on=answers)(exchange()) is answer
    ending.give_up()
    await asyncio.sleep(0)
