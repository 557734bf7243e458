"""Counts the tokens that each answer of a model says it took. The answer passes unchanged.

Below what repeats and what asks twice: every attempt that was answered is paid for. What an answer
says is read in the dialect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sidecar.dialects.tokens import TokenReader
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.telemetry.token_stats import TokenStats
from sidecar.tracing.tokens import counted

_WHOLE = 200
"""The status of answers that say what they took."""


@dataclass(frozen=True, slots=True)
class TokensLayer:
    """Follows the answers of one route."""

    next: Handler
    stats: Callable[[], TokenStats]
    """The route's figures; asked for when there is something to count."""

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; count when the response is closed, also one that was cut off."""
        response = await self.next(exchange)
        if response.status == _WHOLE:
            response.on_close(partial(self._closed, counted(response)))
        return response

    def _closed(self, reader: TokenReader, _error: BaseException | None) -> None:
        tokens = reader.tokens()
        if tokens is not None:
            self.stats().see(tokens.input, tokens.output, tokens.cached)


def count_tokens(stats: Callable[[], TokenStats]) -> Layer:
    """The layer of one route of a model's API."""
    return lambda next_: TokensLayer(next_, stats)
