"""Gives inserts a primary key, so that one whose answer was lost can be made again.

Above what repeats calls, so that all attempts have the same key; a delivery keeps it for as long as
it is tried. What is decided is decided in `core/named_inserts.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sidecar.core.named_inserts import key_of, named, was_done_before
from sidecar.dialects.body import MOST, json_of
from sidecar.errors import ExchangeError
from sidecar.exchange import BytesBody, Exchange, Handler, Layer, Response
from sidecar.peeked import peek

_CREATED = [(b"Content-Length", b"0")]


@dataclass(frozen=True, slots=True)
class NamedInsertLayer:
    """Names the rows of one route."""

    next: Handler
    column: str
    new_key: Callable[[], str]

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; a second attempt that finds the row of the first is as good as that one."""
        key = key_of(exchange.delivery) if exchange.delivery else self.new_key()
        request = named(exchange.request, self.column, key)
        if request is None:
            return await self.next(exchange)
        sent = replace(exchange, request=request, repeatable=True)
        try:
            response = await self.next(sent)
        finally:
            exchange.attempt = sent.attempt
        first = sent.attempt == 1 and not exchange.delivery
        if response.status != 409 or first or not await self._was_done(response, key):
            return response
        response.close()
        return Response(201, b"Created", list(_CREATED), BytesBody(b""), source=response.source)

    async def _was_done(self, response: Response, key: str) -> bool:
        """Whether a refusal is about the row of an earlier attempt."""
        try:
            said = json_of(response.headers, await peek(response, MOST))
        except ExchangeError:
            return False  # whoever reads on meets it
        except BaseException as error:
            response.close(error)
            raise
        return was_done_before(response.status, said, self.column, key)


def named_insert(column: str | None, new_key: Callable[[], str]) -> Layer | None:
    """The layer of one route; None where its inserts stay as they are."""
    if column is None:
        return None
    return lambda next_: NamedInsertLayer(next_, column, new_key)
