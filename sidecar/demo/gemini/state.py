"""What the simulated Gemini API remembers: files, uploads, cached contents, interactions.

Ids are digests of counters, never random, so that the same requests give the same answers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from aiohttp import web

from sidecar.demo.digests import Digests

Json: TypeAlias = dict[str, Any]

FILE_LIFETIME = 48 * 3600.0
"""Seconds that a file is kept (Google's Files API: 48 hours)."""


@dataclass(slots=True)
class Upload:
    """A resumable upload that was started. Its id is the only credential that its chunks need."""

    upload_id: str
    declared: Json
    mime_type: str
    size: int | None
    received: bytearray = field(default_factory=bytearray)
    status: str = "active"
    version: str = "v1beta"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was uploaded, with its metadata as the API words it."""

    metadata: Json
    content: bytes


@dataclass(slots=True)
class State:
    """Everything of one simulated API."""

    now: Callable[[], float] = time.time
    chunk_delay: float = 0.01
    """Seconds between two chunks of a stream."""
    uploads: dict[str, Upload] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    caches: dict[str, Json] = field(default_factory=dict)
    interactions: dict[str, Json] = field(default_factory=dict)
    _digests: Digests = field(default_factory=Digests)

    def next_id(self, kind: str, length: int = 12) -> str:
        """A new id of `kind`: lower-case hexadecimal, the same in every run."""
        return self._digests.next(kind).hex()[:length]

    def timestamp(self, plus: float = 0.0) -> str:
        """The present, `plus` seconds later, as Google writes it: RFC 3339 with microseconds."""
        return rfc3339(self.now() + plus)


def rfc3339(seconds: float) -> str:
    """`2026-01-02T03:04:05.000006Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


STATE = web.AppKey("state", State)
