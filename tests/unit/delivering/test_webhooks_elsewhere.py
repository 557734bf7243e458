"""Status webhooks of what another sidecar has under way, and which of them count in the end."""

import pytest

from sidecar.spool import Settlement
from tests.support.delivery_pages import Application
from tests.support.virtual_time import virtually


@pytest.mark.parametrize(
    ("word", "left", "became"),
    [
        ("sent", "unknown", ("delivered", "webhook_sent")),
        ("failed", "unknown", ("failed", "webhook_failed")),
        ("sent", "queued", ("discarded", "webhook_sent")),
        ("failed", "delivered", ("delivered", "upstream_reset")),
    ],
)
def test_a_webhook_counts_for_what_another_sidecar_was_sending_once_that_one_has_ended(
    word, left, became
):
    @virtually
    async def run():
        world = Application()
        delivery = await world.accept()
        await world.spool.take(world.clock.wall(), 1)  # by the other one
        await world.spool.fence([delivery], world.clock.wall())
        status = {"id": "wamid.1", "status": word, "biz_opaque_callback_data": delivery}
        assert (await world.settle(status))["noted"] == [delivery]
        await world.upkeep.once()
        assert world.state(delivery)[0] == "sending"
        ended = Settlement(
            state=left,
            now=world.clock.wall(),
            reason="upstream_reset",
            not_before=world.clock.wall() + 10.0 if left == "queued" else None,
        )
        await world.spool.settle(delivery, ended)
        await world.upkeep.once()
        assert world.state(delivery) == became
        assert world.settling.known(delivery) is None

    run()
