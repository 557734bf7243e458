"""Deliveries for the tests of spools, and how they come into one."""

import asyncio

from sidecar.spool import Added, Delivery, Spool
from sidecar.spool.identity import Identities

_identities = Identities()


def delivery(now: float = 1000.0, **changes: object) -> Delivery:
    """A new one, of what most tests need."""
    values: dict[str, object] = {
        "id": _identities.new(now),
        "upstream": "whatsapp",
        "route": "send",
        "method": "POST",
        "target": "/v20.0/1/messages?access_token=s3cret-query",
        "headers": [(b"Authorization", b"Bearer s3cret-token"), (b"X-Odd", b"\xff\x00 ")],
        "body": b"s3cret-body",
        "accepted_at": now,
        "not_before": now,
        "expires_at": now + 3600.0,
    }
    values.update(changes)
    return Delivery(**values)  # type: ignore[arg-type]


async def added(spool: Spool, count: int = 1, **changes: object) -> list[str]:
    """The spool accepts so many at once; their ids."""
    new = [delivery(**changes) for _ in range(count)]  # type: ignore[arg-type]
    assert await asyncio.gather(*map(spool.add, new)) == [Added(one.id) for one in new]
    return [one.id for one in new]
