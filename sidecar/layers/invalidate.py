"""Drops what a write may have made wrong, before its answer goes back.

So the next read sees the write. What a write touches is decided in `core/cache`; this layer has it
dropped, also when nobody knows whether the write was done.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

from sidecar.core.cache.model import Head
from sidecar.core.cache.targets import is_given_up
from sidecar.errors import ExchangeError
from sidecar.exchange import SAFE_METHODS, Exchange, Handler, Layer, Request, Response
from sidecar.peeked import glance

_MOST_ANSWER = 256 * 1024
"""Bytes of an answer that are read for the rows in it."""
_MOST_KEPT = 16 * 1024
"""Bytes of a write that are kept until what it touches is dropped for the last time."""
_SECONDS = 1.0
"""How long they may take: without them more is dropped, but nobody waits."""


_Over: TypeAlias = Callable[[], None]


class Parts(NamedTuple):
    """What the layer works with."""

    written: Callable[[Request, Head | None, bytes | None], tuple[str, ...]]
    """The tags that a write bumps, given its answer, and the whole body of that, where known."""
    credential: Callable[[Request], str | None]
    """The tag of whoever asks."""
    sessions: Callable[[Request], tuple[str, ...]]
    """The tags of whoever asks, and of all sessions of that user."""
    ends_session: Callable[[Request], bool]
    """Whether the write signs whoever asks out."""
    drop: Callable[[tuple[str, ...]], None]
    write: Callable[[tuple[str, ...]], None]
    """Drops what a write has changed; it may still be better than an error."""
    write_again: Callable[[tuple[str, ...], Callable[[], tuple[str, ...]] | None], None]
    """Drops them once more, later: a write whose answer was lost may be done only then. The second
    tells what it then touches."""
    reads: Callable[[Request], bool]
    """Whether a request with an unsafe method only reads."""
    begin: Callable[[Request], Callable[[], None]] = lambda _: lambda: None
    """Told that a write is about to be made. What it returns is called before `written` is, and
    once more when all is over."""


class InvalidateLayer:
    """Sees every call that reaches the upstream."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._parts = parts

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on, and drop what the answer, or its absence, makes doubtful."""
        request = exchange.request
        writes = request.method not in SAFE_METHODS and not self._parts.reads(request)
        over = self._parts.begin(request) if writes else _nothing
        try:
            return await self._pass_on(exchange, over, writes=writes)
        finally:
            over()

    async def _pass_on(self, exchange: Exchange, over: _Over, *, writes: bool) -> Response:
        request = exchange.request
        try:
            response = await self._next(exchange)
        except BaseException as error:
            unsent = isinstance(error, ExchangeError) and not error.sent
            if writes and (exchange.timeline.in_doubt or not unsent):
                self._lost(request, over)
                self._signed_out(request)
            raise
        if response.status == 401:
            self._drop_credential(request)
        try:
            in_doubt = writes and exchange.timeline.in_doubt
            if in_doubt and response.status >= 400:  # it tells nothing of the attempt before it
                self._lost(request, over)
            if writes and not _refused(response.status):
                await self._written(request, response, over, in_doubt=in_doubt)
        finally:
            if writes:
                self._signed_out(request)  # refused, too: it may have been over already
        return response

    def _lost(self, request: Request, over: _Over) -> None:
        """Nobody knows whether it was done, or is done later."""
        over()
        self._parts.write_again(self._drop(request, None, None), self._anew(request))

    async def _written(
        self, request: Request, response: Response, over: _Over, *, in_doubt: bool
    ) -> None:
        head = Head(response.status, response.reason, response.headers)
        body: bytes | None = None
        try:
            body = await self._body(response)
        except BaseException as error:  # the application left: the write was done all the same
            response.close(error)
            raise
        finally:
            over()
            tags = self._drop(request, head, body)
            if is_given_up(head.status):
                self._parts.write_again(tags, self._anew(request))
            elif in_doubt:  # the attempt before it may be done yet, and is the same write
                self._parts.write_again(tags, self._anew(request, head))

    def _drop(self, request: Request, head: Head | None, body: bytes | None) -> tuple[str, ...]:
        tags = self._parts.written(request, head, body)
        if tags:
            self._parts.write(tags)
        return tags

    def _anew(
        self, request: Request, head: Head | None = None
    ) -> Callable[[], tuple[str, ...]] | None:
        """Tells later what a write touches; not where that would keep a long body for so long."""
        known = request.body.known() if request.body is not None else b""
        if known is None or len(known) > _MOST_KEPT:
            return None
        return partial(self._parts.written, request, head, None)

    def _signed_out(self, request: Request) -> None:
        if self._parts.ends_session(request):
            self._parts.drop(self._parts.sessions(request))

    def _drop_credential(self, request: Request) -> None:
        tag = self._parts.credential(request)
        if tag is not None:
            self._parts.drop((tag,))

    async def _body(self, response: Response) -> bytes | None:
        """All of it, if it is short and comes soon; it stays to be read."""
        length = response.body.length
        if not length or length > _MOST_ANSWER or response.status >= 400:
            return None
        body = await glance(response, length, _SECONDS)
        return body if len(body) == length else None


def _nothing() -> None:
    return None


def _refused(status: int) -> bool:
    """Whether the upstream says that it did nothing; 408 and 499 are a gateway that gave up."""
    return 400 <= status < 500 and not is_given_up(status)


def invalidate(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: InvalidateLayer(next_, parts)
