"""The step before the first byte of a delivery: from then on it may have been sent.

Knows one delivery and the spool.
"""

import asyncio

from sidecar.clock import Clock
from sidecar.errors import Rejected
from sidecar.spool import Delivery, Spool, SpoolUnavailable


class Fence:
    """What one attempt at a delivery must have passed before anything leaves.

    Args:
        spool: where it is written down.
        delivery: which.
        clock: for the instant.
    """

    def __init__(self, spool: Spool, delivery: Delivery, clock: Clock) -> None:
        self._spool = spool
        self._delivery = delivery.id
        self._expires = delivery.expires_at
        self._clock = clock
        self._lock = asyncio.Lock()
        self.asked = False
        """Whether it may have been written down."""
        self.passed = False
        """Whether it was, so that bytes may have left."""
        self.late = False
        """Whether it came here when it was worth nothing any more."""
        self.lost = False
        """Whether somebody else has it, or nobody: then nothing may be said of it here."""

    def __repr__(self) -> str:
        return f"<Fence {'passed' if self.passed else 'asked' if self.asked else 'ahead'}>"

    async def __call__(self) -> None:
        """Write it down, once for all repetitions of this attempt.

        Raises:
            Rejected: `spool_unavailable`; or `delivery_withdrawn`: somebody else has it, it was
                discarded or changed meanwhile, or has expired.
        """
        async with self._lock:
            if not self.passed:
                await self._pass()

    async def _pass(self) -> None:
        now = self._clock.wall()
        if now >= self._expires:
            self.late = True
            raise Rejected("the delivery has expired", code="delivery_withdrawn")
        self.asked = True
        try:
            passed = await self._spool.fence([self._delivery], now)
        except SpoolUnavailable:
            message = "the spool cannot be written now; the delivery is not sent"
            raise Rejected(message, code="spool_unavailable") from None
        if self._delivery not in passed:
            self.lost = True
            raise Rejected("the delivery is not ours any more", code="delivery_withdrawn")
        self.passed = True
