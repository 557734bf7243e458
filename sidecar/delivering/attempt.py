"""One attempt at a delivery: makes an exchange of it, sends it, reads the answer.

It goes through the chain of its route like a live call. What the outcome means is decided in
`core/delivery.py`.
"""

import asyncio
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.core import delivery as core
from sidecar.core.status_webhook import tagged
from sidecar.delivering.fence import Fence
from sidecar.delivering.rule import Rule
from sidecar.delivering.telling import Outlet
from sidecar.dialects import plain
from sidecar.dialects.body import codings_of, decoded
from sidecar.errors import ExchangeError
from sidecar.exchange import BytesBody, Exchange, RawHeaders, Request, Response, Timeline
from sidecar.spool import Answer, Delivery

_MOST_ANSWER = 64 * 1024
"""Bytes of an answer that are kept."""
_MOST_READ = 4 * _MOST_ANSWER
"""Bytes after which an answer is given up: its status says enough."""
_KEPT = frozenset(
    (b"content-type", b"content-encoding", b"location", b"retry-after", b"date", b"etag")
)
"""Fields of an answer that are kept; none of them is a credential."""


class Outcome(NamedTuple):
    """What came of it."""

    fate: core.Fate
    answer: Answer | None = None
    """Of the upstream, where there is one."""


async def attempt(
    delivery: Delivery, outlet: Outlet, fence: Fence, clock: Clock, drawn: float
) -> Outcome:
    """Send it, and say what that makes of it.

    Args:
        delivery: what is to be sent.
        outlet: where to.
        fence: is passed before anything leaves.
        clock: for deadlines and instants.
        drawn: a random number in [0, 1).
    """
    rule = outlet.rule
    exchange = _exchange(delivery, rule, fence, clock)
    try:
        response = await outlet.handler(exchange)
    except ExchangeError as error:
        if fence.late:
            return Outcome(core.Failed("expired", "expired"))
        made = _made(delivery, fence, exchange, drawn)
        return Outcome(core.of_error(error, made, rule.queue, clock.wall()))
    answer = await _read(response, max(1.0, exchange.deadline - clock.now()))
    judgement = plain.judged(response, delivery.method, clock.wall())
    made = _made(delivery, fence, exchange, drawn)
    return Outcome(core.of_judgement(judgement, made, rule.queue, clock.wall()), answer)


def in_doubt(delivery: Delivery, rule: Rule, reason: str, clock: Clock, drawn: float) -> core.Fate:
    """What becomes of one whose attempt was begun, and cut off.

    Args:
        delivery: as the spool has it, with all attempts that were begun.
        rule: its route's.
        reason: what cut it off.
        clock: for the instant.
        drawn: a random number in [0, 1).
    """
    harmless = rule.is_harmless(delivery.headers)
    made = core.Attempted(
        delivery.attempts, delivery.expires_at, sent=True, harmless=harmless, drawn=drawn
    )
    return core.of_doubt(reason, made, rule.queue, clock.wall())


def counted_as(fate: core.Fate, fence: Fence) -> str:
    """How an attempt with this fate is counted."""
    match fate:
        case core.Again():
            return "again" if fence.passed else "not_let_out"
        case core.Failed(_, why):
            return "expired" if why == "expired" else "failed"
        case core.Delivered():
            return "delivered"
    return "unknown"


def _exchange(delivery: Delivery, rule: Rule, fence: Fence, clock: Clock) -> Exchange:
    body = tagged(delivery.body, delivery.id) if rule.queue.tag else delivery.body
    headers = _of_length(_readable(delivery.headers), len(body))
    framed = body or any(name.lower() == b"content-length" for name, _ in headers)
    now = clock.now()
    return Exchange(
        id=f"{delivery.id}.{delivery.attempts + 1}",
        upstream=delivery.upstream,
        route=delivery.route,
        request=Request(
            delivery.method, delivery.target, headers, BytesBody(body) if framed else None
        ),
        deadline=now + rule.total,
        timeline=Timeline(now),
        patient=False,  # it need not hold a place while a breaker is open: it comes back
        repeatable=rule.is_harmless(delivery.headers),
        background=True,
        delivery=delivery.id,
        before_send=fence,
    )


def _readable(headers: RawHeaders) -> RawHeaders:
    """The fields, asking for an answer that can be read here: it is the sidecar that shows it.

    A field that is not there is not added: then servers send text as it is.
    """
    return [
        (name, b"gzip") if name.lower() == b"accept-encoding" else (name, value)
        for name, value in headers
    ]


def _of_length(headers: RawHeaders, length: int) -> RawHeaders:
    return [
        (name, b"%d" % length) if name.lower() == b"content-length" else (name, value)
        for name, value in headers
    ]


def _made(delivery: Delivery, fence: Fence, exchange: Exchange, drawn: float) -> core.Attempted:
    return core.Attempted(
        attempts=delivery.attempts + fence.passed,
        expires=delivery.expires_at,
        sent=fence.passed and exchange.timeline.sent_at > 0,
        harmless=exchange.repeatable,
        drawn=drawn,
    )


async def _read(response: Response, patience: float) -> Answer:
    """What is kept of the answer, as text. One that breaks off was an answer all the same."""
    body, whole = bytearray(), False
    try:
        async with asyncio.timeout(patience):
            while len(body) <= _MOST_READ:
                data = await response.body.read()
                body += data
                if not data:
                    whole = True
                    break
    except (ExchangeError, TimeoutError) as error:
        response.close(error)
    except BaseException as error:
        response.close(error)
        raise
    response.close()
    headers = [field for field in response.headers if field[0].lower() in _KEPT]
    kept = bytes(body)
    if codings_of(headers) and (text := decoded(headers, kept)):
        kept = text
        headers = [field for field in headers if field[0].lower() != b"content-encoding"]
    truncated = not whole or len(kept) > _MOST_ANSWER
    return Answer(response.status, headers, kept[:_MOST_ANSWER], truncated)
