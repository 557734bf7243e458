"""Asks the upstream for one answer, and keeps it if it may be kept.

Used by a flight, and by what is fetched without anybody waiting. Decides nothing: `Rules` do.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.core.cache.generations import Tags
from sidecar.core.cache.merging import as_served, as_stored, same_by_head
from sidecar.core.cache.model import Entry, Head, Plan, Rules, Use
from sidecar.core.cache.renewing import renewed, tells_of_body
from sidecar.core.cache.token import capped
from sidecar.core.cache.vary import names_of, selecting
from sidecar.dialects.sse import is_event_stream
from sidecar.exchange import BytesBody, Exchange, Handler, Request, Response
from sidecar.flights.broadcast import Broadcast
from sidecar.flights.landing import Alone, Landing, Shared, Stored, is_refusal
from sidecar.store.entries import Entries

_MOST_SHARED_ERROR = 64 * 1024
_CONDITIONS = frozenset((b"if-none-match", b"if-modified-since"))
_PARTS = frozenset((b"range", b"if-range"))


def _as_they_are(_request: Request, _head: Head, _body: bytes, tags: Tags) -> Tags:
    return tags


class FetchParts(NamedTuple):
    """What a fetch works with."""

    upstream: str
    rules: Rules
    tags: Callable[[Request], tuple[str, ...]]
    """What an answer to a request is made from."""
    entries: Entries
    max_object: int
    clock: Clock
    settle: Callable[[Request, Head, bytes, Tags], Tags] = _as_they_are
    """Looks at a complete answer; which of its tags it needs."""
    ranges: bool = False
    """Whether `Range` asks for a part of what is kept, and not for something of its own."""
    heads: bool = False
    """Whether the answer to a HEAD may renew what is kept without a validator, if it says how long
    it is fresh."""


class Wanted(NamedTuple):
    """What is asked for, on whose behalf, and what is stored of it already."""

    exchange: Exchange
    """Its timeline is written, and its attempts are counted."""
    key: str
    """Under which the answer is kept."""
    tags: Tags
    """What the answer is made from, and as of which generations."""
    use: Use
    place: str
    """Where the entry is, or would be: another key where `Vary` tells several apart."""
    entry: Entry | None = None

    @property
    def flight(self) -> tuple[str, Tags]:
        """What is asked for once at a time. Who asks after a change does not join those before."""
        return self.place, self.tags


@dataclass(frozen=True, slots=True)
class _Sent:
    """What was sent, and when."""

    wanted: Wanted
    request: Request
    asked_at: float


def _nobody(_wanted: Wanted, _place: str, _entry: Entry) -> None:
    return None


class Fetch:
    """Fetches for one route; `shared` where what is kept is for all, whatever their credentials.

    `kept` hears of each answer that is kept, and where.
    """

    def __init__(
        self,
        next_: Handler,
        parts: FetchParts,
        *,
        shared: bool = False,
        kept: Callable[[Wanted, str, Entry], None] = _nobody,
    ) -> None:
        self._next = next_
        self._parts = parts
        self._shared = shared
        self._kept = kept

    def as_of_now(self, request: Request) -> Tags:
        """What an answer to this request is made from, as it stands before it is sent."""
        return self._parts.entries.generations.now(self._parts.tags(request))

    def is_current(self, place: str) -> bool:
        """Whether what this process keeps there is no older than what it was made from."""
        entry = self._parts.entries.memory.get(place)
        if not isinstance(entry, Entry):
            return False
        state = self._parts.entries.generations.state(entry.tags, entry.upstream, entry.path)
        return state == "current"

    def whole(self, request: Request) -> Request:
        """The request for all of what this one asks a part of, so that it can be kept."""
        dropped = _CONDITIONS | _PARTS if self._parts.ranges else _CONDITIONS
        kept = [field for field in request.headers if field[0].lower() not in dropped]
        method = "GET" if request.method == "HEAD" else request.method
        known = request.body.known() if request.body is not None else None
        body = request.body if known is None else BytesBody(known)  # whoever sent it may leave
        return Request(method, request.target, kept, body)

    async def __call__(self, wanted: Wanted) -> Landing:
        """What the upstream answers, and who may have it.

        Raises:
            ExchangeError: there is no answer.
        """
        exchange = wanted.exchange
        request = self.whole(exchange.request)
        if wanted.use.conditions:
            request = request._replace(headers=[*request.headers, *wanted.use.conditions])
        sent = _Sent(wanted, request, self._parts.clock.wall())
        flown = replace(exchange, request=request)
        try:
            response = await self._next(flown)
        finally:
            exchange.attempt, exchange.timeline = flown.attempt, flown.timeline
        try:
            return await self._land(response, sent)
        except BaseException as error:
            response.close(error)
            raise

    async def _land(self, response: Response, sent: _Sent) -> Landing:
        wanted, now = sent.wanted, self._parts.clock.wall()
        head = Head(response.status, response.reason, response.headers)
        if wanted.entry is not None and wanted.use.conditions and response.status == 304:
            response.close()
            renewed = self._renewed(wanted.entry, sent, head, now)
            if renewed is not None:
                self._kept(wanted, self._parts.entries.keep(wanted.key, renewed), renewed)
                return Stored(renewed)
            return await self(_without_entry(wanted))
        if self._shared and is_refusal(head.status):
            return Alone(response)  # what is stored is not theirs who are refused
        length = response.body.length or 0
        plan = self._plan(sent, head, now)
        if plan is not None and length <= self._parts.max_object:
            keep = partial(self._keep, sent, head, plan, now)
            broadcast = Broadcast(response, self._parts.max_object, keep)
            values = selecting(plan.vary, sent.request.headers)
            return Shared(broadcast, plan.vary, values, stored=True)
        if is_failure(response):
            vary = names_of(head.headers)
            if vary is not None and length <= _MOST_SHARED_ERROR:
                broadcast = Broadcast(response, _MOST_SHARED_ERROR, _forget)
                return Shared(broadcast, vary, selecting(vary, sent.request.headers))
        elif wanted.entry is not None:  # what is stored is not what the upstream says now
            self._parts.entries.drop(wanted.place)
        return Alone(response)

    def _plan(self, sent: _Sent, head: Head, now: float) -> Plan | None:
        if is_event_stream(head.headers):
            return None
        plan = self._parts.rules.plan(sent.request, head, sent.asked_at, now)
        return capped(plan, sent.request, now) if plan is not None else None

    def _renewed(self, entry: Entry, sent: _Sent, head: Head, now: float) -> Entry | None:
        fresh = renewed(
            self._parts.rules, entry, sent.request, head, asked_at=sent.asked_at, received_at=now
        )
        plan = capped(fresh.plan, sent.request, now) if fresh is not None else None
        if fresh is None or plan is None:
            return None
        return replace(
            fresh,
            head=as_served(fresh.head, len(fresh.body)),
            plan=plan,
            tags=self._parts.settle(sent.request, fresh.head, fresh.body, sent.wanted.tags),
            selecting=selecting(plan.vary, sent.request.headers),
            cost=max(fresh.cost, now - sent.asked_at),
        )

    def _keep(self, sent: _Sent, head: Head, plan: Plan, now: float, body: bytes | None) -> None:
        """The body is complete; None if it is not, or is too long."""
        if body is None:
            return
        parts, tags = self._parts, sent.wanted.tags
        if head.status == 401:  # which has dropped all else that carries them
            tags = parts.entries.generations.now(tag for tag, _ in tags[1:])
        tags = parts.settle(sent.request, head, body, tags)
        entry = Entry(
            head=as_served(head._replace(headers=as_stored(head.headers, now)), len(body)),
            body=body,
            received_at=now,
            plan=plan,
            tags=tags,
            method=sent.request.method,
            selecting=selecting(plan.vary, sent.request.headers),
            upstream=parts.upstream,
            path=sent.request.target.partition("?")[0],
            cost=max(0.0, now - sent.asked_at),
        )
        self._kept(sent.wanted, parts.entries.keep(sent.wanted.key, entry), entry)

    def learn_from_head(self, wanted: Wanted, head: Head, asked_at: float) -> None:
        """What the answer to a HEAD says about the stored answer to the GET (RFC 9111 §4.3.5)."""
        if wanted.entry is None or head.status != 200:
            return
        parts, now = self._parts, self._parts.clock.wall()
        sent = _Sent(wanted, self.whole(wanted.exchange.request), asked_at)
        same = same_by_head(wanted.entry, head)
        if same and not tells_of_body(head, lifetimes=parts.heads):
            return
        renewed = self._renewed(wanted.entry, sent, head, now) if same else None
        if renewed is not None:
            parts.entries.keep(wanted.key, renewed)
        else:
            parts.entries.drop(wanted.place)


def _forget(_: bytes | None) -> None:
    return None


def _without_entry(wanted: Wanted) -> Wanted:
    return wanted._replace(entry=None, use=Use("ask", wanted.use.reason))


def is_failure(response: Response) -> bool:
    """Whether it tells of trouble, and nothing of what was asked for."""
    judged = response.judgement
    failed = judged is not None and judged.verdict == "failure"
    return failed or response.status >= 500 or response.status == 429
