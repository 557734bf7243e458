"""Who asks for what, with which tokens; what an upstream may answer, and what is configured."""

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import NamedTuple

from sidecar.errors import TruncatedBody

TTL, WHILE, ON_ERROR, TOTAL = 10.0, 3.0, 30.0, 5.0
MOST = 12 * 1024
CONFIG = f"""
stores: {{memory: {{max_size: 12KiB, max_object: 4KiB}}}}
upstreams:
  api:
    url: http://api.test
    timeouts: {{total: {TOTAL}s}}
    retry: {{attempts: 1}}
    breaker: {{enabled: false}}
    cache: {{ttl: {TTL}s, stale_while_revalidate: {WHILE}s, stale_if_error: {ON_ERROR}s,
             max_object: 2KiB}}
"""
TARGETS = ("/rest/a", "/rest/b?x=1", "/other")
ENDS = {"ann": 30.0, "bob": 1e6, "bob's other": 1e6, None: float("inf")}
"""Whoever asks, and when their token ends."""
SUBJECTS = {"bob's other": "bob"}
KEPT = {"ok", "slow"}
"""What the upstream may do that is worth keeping."""
ALONE = {"no-store", "cookie", "part", "long", "gone", "refused", "other-vary"}
"""What it may say that is for one only."""
BROKEN = {"500", "503", "reset", "unsent", "truncated", "hang"}
STATUS = {"500": 500, "503": 503, "part": 206, "gone": 404, "refused": 401}
FIELDS = {
    "no-store": [(b"Cache-Control", b"no-store")],
    "cookie": [(b"Set-Cookie", b"a=b")],
    "other-vary": [(b"Vary", b"*")],
}
UNDONE = {"500", "unsent", "refused", "gone"}
"""After which a write was certainly not done."""
AGAIN = (0.0, 2.0, 10.0, 60.0)
"""Seconds after which what a lost write may have touched is dropped, perhaps once more."""
TOLERANCE = 1e-6


def token(who):
    """The token of a person: a JWT, unsigned."""
    claims = {"sub": SUBJECTS.get(who, who), "exp": 1_700_000_000 + int(ENDS[who]), "n": who}
    parts = (
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=")
        for each in ({"alg": "none"}, claims)
    )
    return b"Bearer " + b".".join(parts) + b".x"


TOKENS = {who: token(who) for who in ENDS if who is not None}
PEOPLE = {value: who for who, value in TOKENS.items()}


class Weather(NamedTuple):
    """What the upstream does with whatever comes."""

    kind: str = "ok"
    before: float = 0.05
    """Seconds until it looks at what is asked for."""
    after: float = 0.05
    """Seconds from then to the head of its answer."""
    body: float = 0.0
    """Seconds from one half of the body to the other."""


@dataclass(eq=False)
class Made:
    """One answer that the upstream has made."""

    who: str | None
    target: str
    version: int
    kind: str
    asked_at: float
    """When the request for it came, or the one after which it was said to be good again."""
    good_at: float = 0.0
    """When its head went, or it was said to be good again."""


@dataclass(eq=False)
class Asked:
    """One request that is at the upstream now."""

    who: str | None
    target: str
    began: float
    ended: float | None = None


class Halves:
    """A body that comes in two halves, if it comes."""

    def __init__(self, data, wait, *, breaks):
        self.length = None if breaks else len(data)
        self._parts = [data[: len(data) // 2], data[len(data) // 2 :], b""]
        self._wait, self._breaks = wait, breaks

    def take(self):
        if self._wait or self._breaks:
            return None
        return self._parts.pop(0) if self._parts else b""

    async def read(self):
        if len(self._parts) < 3:
            await asyncio.sleep(self._wait)
            if self._breaks:
                raise TruncatedBody("cut off", code="truncated_body")
        return self._parts.pop(0) if self._parts else b""
