"""Status webhooks that are handed on, and the doubts that they settle, or do not."""

import asyncio

import pytest

from sidecar.core.delivery import Delivered
from sidecar.errors import BadRequest, Rejected, UpstreamReset
from sidecar.spool import SpoolDamaged, SpoolUnavailable
from tests.support.delivery_pages import Application
from tests.support.virtual_time import virtually

RESET = UpstreamReset("reset", code="upstream_reset")


def status(tag, word="sent"):
    return {"id": "wamid.1", "status": word, "biz_opaque_callback_data": tag}


async def under_way(world):
    """One that is being sent, and whose answer is lost in four seconds."""

    async def act(subject):
        await world.pass_fence(subject)
        await asyncio.sleep(5.0)
        raise RESET

    world.acts = [act]
    delivery = await world.accept()
    world.worker.start()
    await asyncio.sleep(1.0)
    return delivery


@virtually
async def test_a_status_webhook_settles_what_was_in_doubt():
    world = Application(RESET)
    delivery = await world.accept()
    await world.run(1.0)
    assert await world.settle(status(delivery)) == {
        "settled": [delivery],
        "noted": [],
        "unmatched": 0,
    }
    assert world.state(delivery) == ("delivered", "webhook_sent")
    assert [told.state for told in world.told] == ["unknown", "delivered"]


@virtually
async def test_a_status_webhook_may_say_that_it_failed():
    world = Application(RESET)
    delivery = await world.accept()
    await world.run(1.0)
    await world.settle(status(delivery, "failed"))
    assert world.state(delivery) == ("failed", "webhook_failed")


@virtually
async def test_a_webhook_that_comes_before_the_answer_is_lost_counts_when_it_is():
    world = Application()

    delivery = await under_way(world)
    assert (await world.settle(status(delivery)))["noted"] == [delivery]
    await asyncio.sleep(5.0)
    assert world.state(delivery) == ("delivered", "webhook_sent")
    await world.worker.close()


@virtually
async def test_an_answer_that_comes_says_more_than_a_webhook():
    world = Application()

    async def act(subject):
        await world.pass_fence(subject)
        await asyncio.sleep(5.0)
        return await world.upstream_answer()

    async def answer():
        from tests.support.builders import response

        return response(200, b"real")

    world.upstream_answer = answer
    world.acts = [act]
    delivery = await world.accept()
    world.worker.start()
    await asyncio.sleep(1.0)
    await world.settle(status(delivery))
    await asyncio.sleep(5.0)
    assert world.spool[delivery].answer.body == b"real"
    await world.worker.close()


@virtually
async def test_what_was_to_be_sent_once_more_in_doubt_is_not_when_a_webhook_knows():
    world = Application(RESET, 200, unknown="retry")
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery) == ("queued", "upstream_reset")
    assert (await world.settle(status(delivery)))["settled"] == [delivery]
    assert world.state(delivery) == ("discarded", "webhook_sent")


@virtually
async def test_statuses_of_nothing_in_doubt_change_nothing():
    world = Application(200)
    done = await world.accept()
    await world.run(1.0)
    said = await world.settle(status("other"), status(done), status("0" * 36))
    assert said == {"settled": [], "noted": [], "unmatched": 3}
    assert world.state(done) == ("delivered", "http_200")


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", "bad_request"), (b"x" * 2**21, "body_too_large"), (None, "bad_request")],
)
def test_what_is_no_webhook_is_refused(body, code):
    @virtually
    async def run():
        with pytest.raises(BadRequest) as caught:
            await Application().page("/_sidecar/deliveries/settle", "POST", body)
        assert caught.value.code == code

    run()


@virtually
async def test_a_webhook_that_cannot_be_written_down_is_refused_and_does_not_hang():
    world = Application(500)
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery)[0] == "unknown"

    async def away(_delivery_id, _settlement):
        raise SpoolUnavailable("away")

    world.spool.settle, settle = away, world.spool.settle
    with pytest.raises(Rejected) as refused:
        async with asyncio.timeout(60.0):
            await world.settle(status(delivery))
    assert refused.value.code == "spool_unavailable"
    world.spool.settle = settle
    assert (await world.settle(status(delivery)))["settled"] == [delivery]


@virtually
async def test_statuses_of_what_cannot_be_read_do_not_come_again_and_again():
    world = Application(RESET, RESET)
    damaged, other = await world.accept(), await world.accept()
    await world.run(1.0)
    get = world.spool.get

    async def read(delivery_id):
        if delivery_id == damaged:
            raise SpoolDamaged("it cannot be read")
        return await get(delivery_id)

    world.spool.get = read
    said = await world.settle(status(damaged), status(other))
    assert said == {"settled": [other], "noted": [], "unmatched": 1}


@virtually
async def test_what_somebody_else_settled_meanwhile_is_unmatched():
    world = Application(RESET)
    delivery = await world.accept()
    await world.run(1.0)

    async def late(_delivery_id, _settlement):
        return False

    world.spool.settle = late
    said = await world.settle(status(delivery))
    assert said == {"settled": [], "noted": [], "unmatched": 1}


@virtually
async def test_a_webhook_that_comes_while_the_doubt_is_written_down_is_not_lost():
    world = Application(500)
    delivery = await world.accept()
    settle = world.spool.settle
    heard = []

    async def slowly(delivery_id, settlement):
        if not heard:
            heard.append(await world.settle(status(delivery)))  # it is still `sending`
        return await settle(delivery_id, settlement)

    world.spool.settle = slowly
    await world.run(1.0)
    assert heard[0]["noted"] == [delivery]
    assert world.state(delivery) == ("delivered", "webhook_sent")
    assert [told.state for told in world.told] == ["unknown", "delivered"]


@virtually
async def test_a_webhook_that_comes_before_another_attempt_is_made_spares_it():
    world = Application(500, unknown="retry")
    delivery = await world.accept()
    settle = world.spool.settle
    heard = []

    async def slowly(delivery_id, settlement):
        if not heard:
            heard.append(await world.settle(status(delivery)))
        return await settle(delivery_id, settlement)

    world.spool.settle = slowly
    await world.run(30.0)
    assert world.state(delivery) == ("delivered", "webhook_sent")
    assert len(world.sent) == 1


@virtually
async def test_what_a_webhook_says_is_written_down_also_by_who_is_about_to_close():
    world = Application(unknown="retry")

    delivery = await under_way(world)
    await world.settle(status(delivery))
    world.spool.down = True
    await asyncio.sleep(6.0)
    world.spool.down = False
    await world.worker.close()
    assert world.state(delivery) == ("delivered", "webhook_sent")


@virtually
async def test_what_is_known_to_be_done_is_not_put_back_by_who_is_about_to_close():
    world = Application(unknown="retry")
    delivery = await world.accept()
    world.settling.note(delivery, Delivered("webhook_sent"))
    settle = world.spool.settle

    async def away(_delivery_id, _settlement):
        raise SpoolUnavailable("away")

    world.spool.settle = away
    world.worker.start()
    await asyncio.sleep(1.0)
    world.spool.settle = settle
    await world.worker.close()
    assert world.state(delivery) == ("delivered", "webhook_sent")
