"""Decides what the application is answered for a call that was accepted for later delivery.

Pure: knows the delivery by its id; nothing of spools.
"""

import json
from typing import NamedTuple

from sidecar.config.queue import AcceptedShape
from sidecar.core.json_path import Json, field, parsed
from sidecar.core.queueing import RESPOND_ASYNC
from sidecar.exchange import BytesBody, RawHeaders, Response

DELIVERIES = "/_sidecar/deliveries"
"""The sidecar's own page with all deliveries; each has one below it."""

OURS = "wamid.sidecar."
"""What the message ids begin with that are not Meta's but the sidecar's."""

_MOST_JSON = 256 * 1024


class Accepted(NamedTuple):
    """What there is to say."""

    id: str
    durability: str
    duplicate: bool = False
    """Whether it is the delivery of an earlier call."""
    applied: bool = False
    """Whether the client asked for it (`Prefer: respond-async`)."""
    at_prefix: bool = True
    """Whether the client reaches the sidecar's own pages where it came in."""


def answer(accepted: Accepted, shape: AcceptedShape, body: bytes) -> Response:
    """The answer: 202 with a `Location` (RFC 9110 §15.3.3), or what the Cloud API would say.

    Args:
        accepted: the delivery.
        shape: how it is worded.
        body: of the request, for the recipient's number that the Cloud API repeats.
    """
    headers: RawHeaders = [
        (b"Content-Type", b"application/json"),
        (b"Cache-Control", b"no-store"),
        (b"X-Sidecar-Delivery", accepted.id.encode()),
        (b"X-Sidecar-Durability", accepted.durability.encode()),
    ]
    if shape == "whatsapp":
        status, reason, said = 200, b"OK", _whatsapp(accepted.id, body)
    else:
        status, reason, said = 202, b"Accepted", _accepted(accepted)
        if accepted.at_prefix:
            headers.append((b"Location", f"{DELIVERIES}/{accepted.id}".encode()))
    if accepted.applied:
        headers.append((b"Preference-Applied", RESPOND_ASYNC))
    if accepted.duplicate:
        headers.append((b"Idempotency-Replayed", b"true"))
    data = json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()
    headers.append((b"Content-Length", b"%d" % len(data)))
    return Response(status, reason, headers, BytesBody(data), source="sidecar")


def delivery_id(text: str) -> str:
    """The id of the delivery that a message id of the sidecar's own stands for."""
    return text.removeprefix(OURS)


def _accepted(accepted: Accepted) -> Json:
    return {"id": accepted.id, "state": "queued", "durability": accepted.durability}


def _whatsapp(delivery: str, body: bytes) -> Json:
    """The answer to POST /{phone_number_id}/messages (Cloud API, "Send messages").

    SDKs read `messages[0].id` and `contacts[0]`; `wa_id` is not known yet, so it is the number.
    What marks a message as read has no id ("Mark messages as read").
    """
    sent = _read(body)
    if isinstance(field(sent, "status"), str):
        return {"success": True}
    to = field(sent, "to") or field(sent, "recipient")
    known = isinstance(to, str) and to
    contacts: list[Json] = [{"input": to, "wa_id": str(to).lstrip("+")}] if known else []
    return {
        "messaging_product": "whatsapp",
        "contacts": contacts,
        "messages": [{"id": OURS + delivery}],
    }


def _read(body: bytes) -> Json:
    """The body as JSON; None where it is none, or too long to look at."""
    return parsed(body) if len(body) <= _MOST_JSON else None
