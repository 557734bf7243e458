"""What a cache says about an answer: `Cache-Status` (RFC 9211) and `Age` (RFC 9111 §5.1)."""

from sidecar.core.cache.directives import LONGEST
from sidecar.core.cache.model import Entry
from sidecar.exchange import RawHeaders

_NAME = b"sidecar"


def hit(entry: Entry, now: float, *, detail: str = "") -> RawHeaders:
    """The fields of an answer from the store; `ttl` is negative where it is stale (§2.4)."""
    age = min(int(entry.age(now)), LONGEST)
    ttl = int(entry.plan.lifetime) - age
    more = b"; detail=%b" % detail.encode() if detail else b""
    return [
        (b"Age", b"%d" % age),
        (b"Cache-Status", b"%b; hit; ttl=%d%b" % (_NAME, ttl, more)),
    ]


def forwarded(
    reason: str, *, status: int | None = None, stored: bool = False, collapsed: bool = False
) -> tuple[bytes, bytes]:
    """The field of an answer that the upstream was asked for (§2.2 to §2.6)."""
    value = b"%b; fwd=%b" % (_NAME, reason.encode())
    if status is not None:
        value += b"; fwd-status=%d" % status
    if stored:
        value += b"; stored"
    if collapsed:
        value += b"; collapsed"
    return b"Cache-Status", value


def forwarded_as(note: tuple[bytes, bytes], status: int) -> tuple[bytes, bytes]:
    """The same of an answer that has another status than the upstream's had (§2.3)."""
    name, value = note
    return note if b"fwd-status" in value else (name, value + b"; fwd-status=%d" % status)
