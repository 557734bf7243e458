"""Settles what is in doubt by the status webhooks that the application forwards.

What a webhook says is read in `core/status_webhook.py`. It must be the application that calls: it
has checked Meta's signature, and this does not.
"""

from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.core import delivery as core
from sidecar.core.status_webhook import Status
from sidecar.delivering.settling import Settling
from sidecar.spool import UNFINISHED, Delivery, Spool, SpoolDamaged
from sidecar.spool.identity import is_id

_AT_A_TIME = 100


class Heard(NamedTuple):
    """What came of a webhook."""

    settled: list[str]
    """Deliveries that were in doubt, and are not any more."""
    noted: list[str]
    """Deliveries that are under way: it counts if their answer does not come."""
    unmatched: int
    """Statuses of which there is no such delivery, or one that has ended."""


async def hear(statuses: list[Status], spool: Spool, settling: Settling, clock: Clock) -> Heard:
    """Settle what they are evidence of.

    Raises:
        SpoolUnavailable: the webhook is to be forwarded again.
    """
    heard = Heard([], [], 0)
    for status in statuses:
        try:
            delivery = await spool.get(status.tag) if is_id(status.tag) else None
        except SpoolDamaged:  # and that would not change, however often it is forwarded
            delivery = None
        fate = _fate(status)
        if delivery is not None and await _settled(delivery, fate, spool, settling, clock):
            heard.settled.append(delivery.id)
        elif delivery is not None and delivery.state in UNFINISHED:
            settling.note(delivery.id, fate)
            heard.noted.append(delivery.id)
        else:
            heard = heard._replace(unmatched=heard.unmatched + 1)
    return heard


async def settle_noted(spool: Spool, settling: Settling, clock: Clock) -> None:
    """Settle what was under way at another sidecar, which left it in doubt and heard no webhook.

    Raises:
        SpoolUnavailable: it is to be tried again.
    """
    for delivery_id, fate in settling.noted(_AT_A_TIME):
        try:
            delivery = await spool.get(delivery_id)
        except SpoolDamaged:
            delivery = None
        done = delivery is None or await _settled(delivery, fate, spool, settling, clock)
        if done or (delivery is not None and delivery.state not in UNFINISHED):
            settling.forget(delivery_id)


async def _settled(
    delivery: Delivery, fate: core.Fate, spool: Spool, settling: Settling, clock: Clock
) -> bool:
    if delivery.state == "unknown":
        return await settling.settle_now(delivery, fate, delivery.attempts)
    return delivery.state == "queued" and await _never_again(delivery, fate, spool, clock)


async def _never_again(delivery: Delivery, fate: core.Fate, spool: Spool, clock: Clock) -> bool:
    """It was to be sent once more because nobody knew; now it is known."""
    if delivery.attempts == 0:
        return False
    return bool(await spool.discard([delivery.id], clock.wall(), fate.reason))


def _fate(status: Status) -> core.Fate:
    reason = f"webhook_{status.word}"
    if status.became == "delivered":
        return core.Delivered(reason)
    return core.Failed(reason, "permanent")
