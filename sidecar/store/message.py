"""Messages between sidecars that share a store: news as bytes and back, signed.

Anybody who reaches the server can send something: what is not signed with the shared secret, not
exactly of this form, or too long, is no message. Repeating an old one drops what could be kept.
"""

import hmac
from hashlib import blake2b
from typing import Literal, NamedTuple, TypeAlias

from sidecar.core.cache.news import MOST_BANS, MOST_TAGS, Ban, News
from sidecar.store.serializer import Plain, Unreadable, dumps, loads

MOST_BYTES = 256 * 1024
_SIGNATURE = 16
_LONGEST_TAG = 64
_LONGEST_TEXT = 2048
_LONGEST_ORIGIN = 32

Event: TypeAlias = bytes | Literal["subscribed", "pong"]
"""What comes through a channel: a message, or what it says about itself."""


class Message(NamedTuple):
    """News, and who tells them."""

    origin: str
    """Another for every process."""
    news: News


def encode(message: Message, secret: bytes) -> bytes:
    """The bytes of a message."""
    news = message.news
    bans: list[Plain] = [part for ban in news.bans for part in ban]
    body = dumps([message.origin, list(news.hard), list(news.soft), bans])
    return _signature(body, secret) + body


def decode(data: bytes, secret: bytes) -> Message | None:
    """What was encoded with this secret; None for anything else."""
    if len(data) > MOST_BYTES:
        return None
    signature, body = data[:_SIGNATURE], data[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(body, secret)):
        return None
    try:
        origin, hard, soft, bans = loads(body)
        news = News(_tags(hard), _tags(soft), _bans(bans))
        return Message(_text(origin, _LONGEST_ORIGIN), news)
    except (Unreadable, TypeError, ValueError):
        return None


def _signature(body: bytes, secret: bytes) -> bytes:
    return blake2b(body, digest_size=_SIGNATURE, key=secret, person=b"sidecar news").digest()


def _tags(value: Plain) -> tuple[str, ...]:
    return tuple(_text(each, _LONGEST_TAG) for each in _list(value, MOST_TAGS))


def _bans(value: Plain) -> tuple[Ban, ...]:
    parts = _list(value, 3 * MOST_BANS)
    rows = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return tuple(
        Ban(_text(upstream, _LONGEST_TEXT), _text(prefix, _LONGEST_TEXT), soft is True)
        for upstream, prefix, soft in rows
    )


def _list(value: Plain, most: int) -> list[Plain]:
    if not isinstance(value, list) or len(value) > most:
        raise TypeError("no list, or too long")
    return value


def _text(value: Plain, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise TypeError("no text, or too long")
    return value
