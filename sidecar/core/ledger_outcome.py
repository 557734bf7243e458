"""Decides what the end of a call means for its idempotency key: whether it was done, and is kept.

Pure: the layer brings what came of the call, and the status and code of its own refusals from here.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from sidecar.core.ledger import NOT_DONE, UNKNOWN, Answer, Outcome, Refusal
from sidecar.errors import BadRequest, ExchangeError
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement

REPLAYED: Final = (b"Idempotency-Replayed", b"true")
"""Added to an answer that is given out again, as Stripe does."""

_BODYLESS = (204, 304)
"""Statuses whose responses have no body, and no length either (RFC 9110 §15.3.5, §15.4.5)."""


def replayed_headers(answer: Answer) -> RawHeaders:
    """The fields of an answer that is given out again: its own, its length, and the mark."""
    headers = [*answer.headers, REPLAYED]
    told = any(name.lower() == b"content-length" for name, _ in answer.headers)
    if not told and answer.status not in _BODYLESS:  # it came in chunks, and is whole now
        headers.append((b"Content-Length", b"%d" % len(answer.body)))
    return headers


def of_response(
    judgement: Judgement, status: int, *, honoured: bool, in_doubt: bool = False
) -> Outcome | Literal["keep"]:
    """What a response means before its body is read; `keep`: it is the outcome, once complete.

    An answer that says why the call will never succeed is one too (Stripe). `refused` means that
    nothing was done. A 409 of an upstream that honours keys says that it is still at work on an
    earlier attempt (draft-ietf-httpapi-idempotency-key-header §2.7), so it is no outcome.
    An attempt before it may have been done (`in_doubt`), whatever it says of itself.
    """
    refused = judgement.kind in ("never_sent", "refused")
    if (refused and not in_doubt) or (honoured and status == 409):
        return NOT_DONE
    if refused or judgement.kind == "ambiguous":
        return NOT_DONE if honoured else UNKNOWN
    return "keep"


def of_error(error: ExchangeError, *, honoured: bool, in_doubt: bool = False) -> Outcome:
    """What it means that there is no response, after all attempts; it tells of the last alone."""
    return NOT_DONE if honoured or not (error.sent or in_doubt) else UNKNOWN


def of_departure(*, sent: bool, honoured: bool) -> Outcome:
    """What it means that the call was cut off."""
    return NOT_DONE if honoured or not sent else UNKNOWN


class _Words(NamedTuple):
    status: int
    message: str


_REFUSALS: Mapping[Refusal, _Words] = {
    "reused": _Words(422, "this idempotency key was used for another request"),
    "in_flight": _Words(409, "a request with this idempotency key is still under way"),
    "unknown": _Words(
        409,
        "a request with this idempotency key was sent and its outcome is not known; "
        "it is not sent again, because the upstream may have acted on it",
    ),
    "answer_lost": _Words(
        409,
        "a request with this idempotency key was done and its answer was not kept; "
        "it is not sent again",
    ),
}


def refusal(why: Refusal) -> BadRequest:
    """The error that answers a call which is neither made nor has an answer."""
    status, message = _REFUSALS[why]
    code = "idempotency_key_reused" if why == "reused" else f"idempotency_{why}"
    return BadRequest(message, code=code, status=status)
