"""Accepts calls: makes a delivery of each, has it kept, and answers.

The answer is made after the spool said that it is durable. Knows nothing of how it is delivered.
"""

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sidecar.clock import Clock
from sidecar.core.accepted import Accepted, answer
from sidecar.core.ledger_outcome import refusal
from sidecar.core.queueing import Sameness, without_preference
from sidecar.delivering.rule import Rule
from sidecar.errors import Rejected
from sidecar.exchange import Exchange, Response
from sidecar.spool import (
    Added,
    Delivery,
    Duplicate,
    Full,
    Place,
    Spool,
    SpoolUnavailable,
)
from sidecar.spool.identity import Identities
from sidecar.store.patience import Patience
from sidecar.telemetry.delivery_stats import DeliveryStats

T = TypeVar("T")

_MOST_NAMES = 10_000
_LOOK_AGAIN = 1.0
"""Seconds after which it is asked again whether anything waits for an upstream for which nothing
did."""
_AT_LEAST = 1.0
"""Seconds that the spool has to keep a call, also where its deadline has come: many that cannot be
sent have tried until then."""
_SAYS = 1.0
"""Seconds in which the spool has to say whether a call is queued already, or the call is made."""


class Intake:
    """Where calls of all routes are accepted.

    Args:
        spool: keeps them.
        clock: tells when they were accepted.
        added: called when there is something to deliver.
    """

    def __init__(self, spool: Spool, clock: Clock, added: Callable[[], None]) -> None:
        self._spool = spool
        self._clock = clock
        self._added = added
        self._ids = Identities()
        self._names: OrderedDict[tuple[Place, str], None] = OrderedDict()
        """Names of calls that were queued by this process, which need not ask for them; bounded."""
        self._clear_until: dict[str, float] = {}
        """Upstreams for which nothing waited, and how long that is taken for true."""
        self._asks_from = float("-inf")
        """When the spool is asked for keys again: after as long as it took to say nothing."""
        self._patience = Patience()
        self._kept = 0
        """How many were kept, so that one that came while that was asked is noticed."""

    def __repr__(self) -> str:
        return f"<Intake to {self._spool!r}>"

    async def accept(
        self, exchange: Exchange, rule: Rule, body: bytes, stats: DeliveryStats, *, asked: bool
    ) -> Response:
        """Keep the call, and answer it.

        Args:
            exchange: the call; nothing of it is sent now.
            rule: its route's.
            body: all of its body.
            stats: its route's.
            asked: whether the client asked for it (`Prefer`).

        Raises:
            Rejected: `spool_full` or `spool_unavailable`; it is not kept.
            BadRequest: `idempotency_key_reused`.
        """
        exchange.attempt = 0  # nothing is sent
        same = rule.digests.sameness(exchange.request, body)
        delivery = self._delivery(exchange, rule, body, same)
        try:
            addition = await self._in_time(
                exchange, lambda: self._spool.add(delivery), at_least=_AT_LEAST
            )
        except (SpoolUnavailable, TimeoutError):
            stats.refuse("spool_unavailable")
            raise _refused("cannot be written now", "spool_unavailable") from None
        if isinstance(addition, Full):
            stats.refuse("spool_full")
            raise _refused(f"has no room ({addition.reason})", "spool_full")
        if isinstance(addition, Added):
            stats.accepted += 1
            self._kept += 1
            self._clear_until.pop(rule.place.upstream, None)
            self._remember(rule, same)
            self._added()
        elif same is not None and same.named and addition.fingerprint != delivery.fingerprint:
            stats.refuse("idempotency_key_reused")
            raise refusal("reused")
        else:
            stats.duplicates += 1
        entered = exchange.entered
        accepted = Accepted(
            addition.id,
            self._spool.durability,
            duplicate=isinstance(addition, Duplicate),
            applied=asked,
            at_prefix=entered is None or entered.by == "prefix",
        )
        return answer(accepted, rule.queue.answer, body)

    async def is_behind(self, exchange: Exchange, rule: Rule) -> bool:
        """Whether it must not be made now, because it or earlier calls of its lane are queued.

        No, where the spool does not say so: it could not be queued either.
        """
        same = rule.digests.sameness(exchange.request, b"")
        named = same.key if same is not None and same.named else None
        if named is not None and await self._is_queued(exchange, rule.place, named):
            return True
        lane, upstream = _lane(exchange, rule), rule.place.upstream
        if not lane or self._clock.now() < self._clear_until.get(upstream, 0.0):
            return False
        try:
            return await self._in_time(exchange, lambda: self._is_waiting(upstream, lane))
        except (SpoolUnavailable, TimeoutError):
            return False

    async def _in_time(
        self,
        exchange: Exchange,
        asking: Callable[[], Coroutine[Any, Any, T]],
        *,
        at_least: float = 0.0,
        at_most: float = float("inf"),
    ) -> T:
        """What the spool says until the call's deadline, within these bounds.

        Raises:
            TimeoutError: nothing.
        """
        left = exchange.deadline - self._clock.now()
        return await self._patience.within(max(at_least, min(left, at_most)), asking)

    async def _is_waiting(self, upstream: str, lane: str) -> bool:
        now, kept = self._clock.now(), self._kept
        if await self._spool.is_waiting(upstream):
            return await self._spool.is_waiting(upstream, lane)
        if kept == self._kept:
            self._clear_until[upstream] = now + _LOOK_AGAIN
        return False

    async def _is_queued(self, exchange: Exchange, place: Place, key: str) -> bool:
        """Whether the call was queued before, by whichever sidecar; no, where nobody says so."""
        if (place, key) in self._names:
            return True
        now, wall = self._clock.now(), self._clock.wall()
        if now < self._asks_from:
            return False
        try:
            return await self._in_time(
                exchange, lambda: self._spool.is_known(place, key, wall), at_most=_SAYS
            )
        except (SpoolUnavailable, TimeoutError):
            self._asks_from = 2 * self._clock.now() - now
            return False

    def _remember(self, rule: Rule, same: Sameness | None) -> None:
        if same is not None and same.named:
            self._names[rule.place, same.key] = None
            if len(self._names) > _MOST_NAMES:
                self._names.popitem(last=False)

    def _delivery(
        self, exchange: Exchange, rule: Rule, body: bytes, same: Sameness | None
    ) -> Delivery:
        now, request = self._clock.wall(), exchange.request
        return Delivery(
            id=self._ids.new(now),
            upstream=rule.place.upstream,
            route=rule.place.route,
            lane=_lane(exchange, rule),
            method=request.method,
            target=request.target,
            headers=without_preference(request.headers),
            body=body,
            accepted_at=now,
            not_before=now,
            expires_at=now + rule.queue.expires,
            dedup=same.key if same else None,
            dedup_until=now + same.until if same else now,
            fingerprint=rule.digests.fingerprint(request, body),
            updated_at=now,
            size=len(body),
        )


def _lane(exchange: Exchange, rule: Rule) -> str:
    """What keeps it in order: the same for all routes of the upstream with the same template."""
    key = rule.order.of(exchange) if rule.order is not None else None
    if rule.order is None or key is None:
        return ""
    return rule.digests.lane(rule.place.upstream, rule.order.text, key)


def _refused(why: str, code: str) -> Rejected:
    return Rejected(f"the spool {why}; the call was not accepted", code=code)


def in_memory(exchange: Exchange) -> bytes | None:
    """All of a call's body, where it is known without waiting; b"" where there is none."""
    body = exchange.request.body
    return b"" if body is None else body.known()
