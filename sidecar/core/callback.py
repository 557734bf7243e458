"""Decides what a callback says and how it is signed, so that the application can trust it.

Pure. Source: Standard Webhooks (standardwebhooks.com, "Signature scheme"): HMAC-SHA256 of
`id.timestamp.body`, so that libraries for many languages can verify it.
"""

import base64
import binascii
import hmac
from contextlib import suppress

from sidecar.exchange import RawHeaders

_PREFIX = "whsec_"
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0


def signed(secret: str, message: str, at: float, body: bytes) -> RawHeaders:
    """The fields of a callback.

    Args:
        secret: text; after `whsec_` it is the base 64 of the key, as that standard has it.
        message: names it, the same for each attempt, so that it can be told to be a repetition.
        at: wall seconds of this attempt; one that is old is to be refused.
        body: what is signed.
    """
    stamp = b"%d" % int(at)
    content = b".".join((message.encode(), stamp, body))
    digest = hmac.digest(_key(secret), content, "sha256")
    return [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(body)),
        (b"User-Agent", b"sidecar"),
        (b"webhook-id", message.encode()),
        (b"webhook-timestamp", stamp),
        (b"webhook-signature", b"v1," + base64.b64encode(digest)),
    ]


def wait_after(attempt: int) -> float:
    """Seconds to wait after attempt number `attempt`, the first being 1: 1, 2, 4, … 300."""
    return float(min(_FIRST_WAIT * 2 ** min(attempt - 1, 16), _LONGEST_WAIT))


def _key(secret: str) -> bytes:
    key = b""
    if secret.startswith(_PREFIX):
        with suppress(binascii.Error):
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return key or secret.encode()  # it may only look like one
