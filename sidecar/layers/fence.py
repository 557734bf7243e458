"""Has it written down that a delivery is about to be sent, just before its first byte.

Innermost, below all waits, so that a crash while a delivery waits for its turn leaves no doubt
whether it was sent. Knows nothing of deliveries: the exchange brings what is to be done.
"""

from dataclasses import dataclass

from sidecar.exchange import Exchange, Handler, Layer, Response


@dataclass(frozen=True, slots=True)
class FenceLayer:
    """Runs `exchange.before_send`, where there is one."""

    next: Handler

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on after that.

        Raises:
            Rejected: it must not be sent.
        """
        if exchange.before_send is not None:
            await exchange.before_send()
        return await self.next(exchange)


def fence() -> Layer:
    """The layer of one route."""
    return FenceLayer
