"""Ids, tokens and times that are the same in every run: digests of counters, never random. Pure."""

import base64
import hashlib
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

SEED = "sidecar-demo"
EPOCH = 1_767_225_600.0
"""2026-01-01 UTC in Unix seconds: when the seeded rows were made."""


class Ids:
    """One counter for each kind of thing."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def uuid(self, kind: str) -> str:
        """The next id of `kind`."""
        self._count[kind] += 1
        return uuid_of(kind, self._count[kind])

    def token(self, kind: str, size: int = 12) -> str:
        """The next URL-safe token of `kind`, made of `size` bytes."""
        self._count[kind] += 1
        digest = _digest(kind, self._count[kind])[:size]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def uuid_of(kind: str, number: int) -> str:
    """The id of the `number`-th thing of `kind`, in the form of a random UUID."""
    return str(UUID(bytes=_digest(kind, number)[:16], version=4))


def timestamp(seconds: float) -> str:
    """Unix seconds as PostgreSQL writes a timestamptz in JSON."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def zulu(seconds: float) -> str:
    """Unix seconds as the auth and storage servers write them."""
    return timestamp(seconds).replace("+00:00", "Z")


def _digest(kind: str, number: int) -> bytes:
    return hashlib.sha256(f"{SEED}:{kind}:{number}".encode()).digest()
