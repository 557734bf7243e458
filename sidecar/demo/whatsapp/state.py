"""What the simulated Graph API remembers: numbers, media, templates, upload sessions, QR codes.

Ids are digests of counters, never random, so that the same requests give the same answers.
"""

import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web

from sidecar.demo.authority import Authority
from sidecar.demo.digests import Digests

Json: TypeAlias = dict[str, Any]

WABA_ID = "102290129340398"
"""The business account that exists from the start."""
PHONE_ID = "106540352242922"
"""Its first phone number."""
APP_ID = "670843887433847"
"""The app that every token belongs to."""


@dataclass(frozen=True, slots=True)
class Media:
    """A media object: what was uploaded, and its type."""

    media_id: str
    mime_type: str
    content: bytes
    filename: str

    @property
    def sha256(self) -> str:
        """The digest that Graph gives with the media's URL."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(slots=True)
class Session:
    """A resumable upload that was started."""

    length: int
    mime_type: str
    received: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class State:
    """Everything of one simulated Graph API."""

    now: Callable[[], float] = time.time
    media_authority: Authority = field(default_factory=Authority)
    """Where media are fetched; empty until the media host has an address."""
    phones: dict[str, Json] = field(default_factory=dict)
    profiles: dict[str, Json] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    templates: dict[str, Json] = field(default_factory=dict)
    qr_codes: dict[str, Json] = field(default_factory=dict)
    flows: dict[str, Json] = field(default_factory=dict)
    subscribed: bool = False
    calls: int = 0
    _digests: Digests = field(default_factory=Digests)

    def number(self, kind: str) -> str:
        """A new id of `kind` as Graph's nodes have it: 15 digits, the same in every run."""
        return str(10**14 + int.from_bytes(self._digests.next(kind)[:8], "big") % (9 * 10**14))

    def token(self, kind: str, length: int = 22) -> str:
        """A new opaque string of `kind`, the same in every run."""
        return urlsafe_b64encode(self._digests.next(kind)).decode()[:length]


STATE = web.AppKey("state", State)
