"""What may be shown of a delivery: where it goes and how it stands, and what the upstream said.

Never its header fields or what its body says. Targets are redacted as they are in the log.
"""

import base64
import json
from datetime import UTC, datetime

from sidecar.core.json_path import Json, parsed
from sidecar.spool import Answer, Delivery, Event
from sidecar.telemetry import redact

_MOST_SHOWN = 2048
_MOST_READ = 256 * 1024
_DEEPEST, _WIDEST, _LONGEST_NAME = 6, 20, 64


def overview(delivery: Delivery) -> dict[str, Json]:
    """One row."""
    return {
        "id": delivery.id,
        "upstream": delivery.upstream,
        "route": delivery.route,
        "state": delivery.state,
        "reason": delivery.reason,
        "attempts": delivery.attempts,
        "accepted_at": instant(delivery.accepted_at),
        "not_before": instant(delivery.not_before) if delivery.state == "queued" else None,
        "expires_at": instant(delivery.expires_at),
        "updated_at": instant(delivery.updated_at),
        "method": delivery.method,
        "target": redact.target(delivery.target),
        "size": delivery.size,
        "note": delivery.note,
    }


def for_application(delivery: Delivery) -> dict[str, Json]:
    """All of one, for whoever sent it: with the answer of the upstream as it was."""
    answer = delivery.answer
    return {**overview(delivery), "answer": None if answer is None else said(answer)}


def for_people(delivery: Delivery) -> dict[str, Json]:
    """All of one, for operators: of what shape it is, and the answer without what looks secret."""
    shown: dict[str, Json] = {
        **overview(delivery),
        "lane": delivery.lane,
        "fields": ", ".join(sorted({_text(name) for name, _ in delivery.headers})),
        "body": _outline(delivery.body),
    }
    if delivery.answer is not None:
        body = delivery.answer.body[:_MOST_SHOWN].decode("utf-8", "replace")
        shown["answer_status"] = delivery.answer.status
        shown["answer_body"] = redact.text(body)
    return shown


def _outline(body: bytes) -> str:
    """Of what shape a body is, so that it can be edited; none of its texts and numbers."""
    if not body:
        return ""
    value = parsed(body) if len(body) <= _MOST_READ else None
    if value is None:
        return f"({len(body)} bytes)"
    return json.dumps(_shape(value, 0), ensure_ascii=False)[:_MOST_SHOWN]


def _shape(value: Json, depth: int) -> Json:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return f"({len(value)} characters)"
    if isinstance(value, int | float):
        return "(number)"
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, list):
        return [_shape(each, depth + 1) for each in value[:_WIDEST]]
    return {
        name[:_LONGEST_NAME]: _shape(each, depth + 1)
        for name, each in list(value.items())[:_WIDEST]
    }


def said(answer: Answer) -> dict[str, Json]:
    """What the upstream said."""
    content: dict[str, Json]
    try:
        content = {"body": answer.body.decode()}
    except UnicodeDecodeError:
        content = {"body_base64": base64.b64encode(answer.body).decode()}
    headers: dict[str, Json] = {_text(name): _text(value) for name, value in answer.headers}
    return {
        "status": answer.status,
        "headers": headers,
        **content,
        "truncated": answer.truncated,
    }


def change(event: Event) -> dict[str, Json]:
    """One change of state."""
    return {
        "id": event.id,
        "upstream": event.upstream,
        "route": event.route,
        "state": event.state,
        "reason": event.reason,
        "attempts": event.attempts,
        "at": instant(event.at),
    }


def instant(wall: float) -> str | None:
    """ISO 8601 in UTC, with milliseconds; None for never."""
    try:
        return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError):
        return None


def _text(value: bytes) -> str:
    return value.decode("latin-1")
