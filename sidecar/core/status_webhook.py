"""Reads a WhatsApp status webhook: what it says of which delivery. Adds the tag it is known by.

Pure. Source: Cloud API, "Webhooks": `entry[].changes[].value.statuses[]` with `id`, `status` and
the `biz_opaque_callback_data` that the message was sent with.
"""

import json
from collections.abc import Iterator
from typing import Literal, NamedTuple

from sidecar.core.json_path import Json, field, parsed

TAG = "biz_opaque_callback_data"
_MOST_JSON = 256 * 1024
_MOST_STATUSES = 1000
_TAKEN = frozenset(("accepted", "sent", "delivered", "read", "played"))
"""Meta has the message, so it is not to be sent again."""


class Status(NamedTuple):
    """What one webhook says of one message."""

    tag: str
    """What it was tagged with."""
    message: str
    """Meta's id of it."""
    became: Literal["delivered", "failed"]
    word: str
    """Meta's word for it."""


def statuses(webhook: bytes) -> list[Status]:
    """All that it says of tagged messages; [] where it says nothing of any.

    Raises:
        ValueError: it is no JSON object.
    """
    try:
        value: Json = json.loads(webhook)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - it is the caller's text that is wrong
    return [found for raw in _statuses(value) if (found := _read(raw)) is not None]


def _statuses(value: Json) -> Iterator[Json]:
    count = 0
    for entry in _list(field(value, "entry")):
        for change in _list(field(entry, "changes")):
            for status in _list(field(change, "value", "statuses")):
                count += 1
                if count > _MOST_STATUSES:
                    return
                yield status


def _read(raw: Json) -> Status | None:
    tag, message, word = (field(raw, name) for name in (TAG, "id", "status"))
    if not isinstance(tag, str) or not isinstance(word, str):
        return None
    name = message if isinstance(message, str) else ""
    if word in _TAKEN:
        return Status(tag, name, "delivered", word)
    return Status(tag, name, "failed", word) if word == "failed" else None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def tagged(body: bytes, tag: str) -> bytes:
    """The JSON object with the tag as its last member; as it is where it has one, or is none.

    All other bytes stay as they are.
    """
    if len(body) > _MOST_JSON:
        return body
    value = parsed(body)
    if not isinstance(value, dict) or TAG in value or b"\0" in body:
        return body  # the last: in another encoding than UTF-8
    end = body.rstrip()
    comma = b"," if value else b""
    member = f'"{TAG}":{json.dumps(tag)}'.encode()
    return end[:-1] + comma + member + b"}" + body[len(end) :]
