"""How a delivery is written into a hash of a Redis server, and read from it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from sidecar.spool.records import Records, Unusable
from sidecar.spool.values import Delivery, State

Hash: TypeAlias = Mapping[bytes, bytes]

OUTLINE: Final = (
    "id",
    "upstream",
    "route",
    "lane",
    "method",
    "target",
    "accepted_at",
    "due",
    "expires_at",
    "dedup",
    "dedup_until",
    "fingerprint",
    "state",
    "attempts",
    "reason",
    "updated_at",
    "note",
    "size",
)
"""The fields of what `find` shows."""


def instant(seconds: float) -> str:
    """An instant as a text with all its digits, as the scripts compare it."""
    return repr(float(seconds))


def hash_of(delivery: Delivery, records: Records) -> list[str | bytes]:
    """Names and values, one after the other; the scripts add what they keep for themselves."""
    immediate = delivery.not_before <= delivery.accepted_at
    values: dict[str, str | bytes] = {
        "id": delivery.id,
        "upstream": delivery.upstream,
        "route": delivery.route,
        "lane": delivery.lane,
        "method": delivery.method,
        "target": records.target(delivery.id, delivery.target),
        "request": records.request(delivery.id, delivery.headers, delivery.body),
        "size": str(len(delivery.body)),
        "accepted_at": instant(delivery.accepted_at),
        "due": instant(delivery.not_before),
        "immediate": "1" if immediate else "0",
        "expires_at": instant(delivery.expires_at),
        "dedup": delivery.dedup or "",
        "dedup_until": instant(delivery.dedup_until),
        "fingerprint": delivery.fingerprint,
        "reason": delivery.reason,
        "note": delivery.note,
    }
    return [part for pair in values.items() for part in pair]


def outline(found: Hash, records: Records) -> Delivery:
    """The delivery without headers, body and answer.

    Raises:
        Unusable: a part cannot be read.
    """
    try:
        text = {name: found[name.encode()].decode() for name in OUTLINE if name != "target"}
        state: State = text["state"]  # type: ignore[assignment]
        return Delivery(
            id=text["id"],
            upstream=text["upstream"],
            route=text["route"],
            lane=text["lane"],
            method=text["method"],
            target=records.read_target(text["id"], found[b"target"]),
            headers=[],
            accepted_at=float(text["accepted_at"]),
            not_before=float(text["due"]),
            expires_at=float(text["expires_at"]),
            dedup=text["dedup"] or None,
            dedup_until=float(text["dedup_until"]),
            fingerprint=text["fingerprint"],
            state=state,
            attempts=int(text["attempts"]),
            reason=text["reason"],
            updated_at=float(text["updated_at"]),
            note=text["note"],
            size=int(text["size"]),
        )
    except (KeyError, ValueError):  # UnicodeDecodeError is a ValueError
        raise Unusable("damaged") from None


def whole(found: Hash, records: Records) -> Delivery:
    """The delivery with request and answer, as far as they are kept.

    Raises:
        Unusable: a part cannot be read.
    """
    delivery = outline(found, records)
    request, answer = found.get(b"request"), found.get(b"answer")
    headers, body = records.read_request(delivery.id, request) if request else ([], b"")
    return replace(
        delivery,
        headers=headers,
        body=body,
        answer=records.read_answer(delivery.id, answer) if answer else None,
    )
