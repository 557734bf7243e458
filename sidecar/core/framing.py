"""Decides how long a response's body is, or that its framing is not to be trusted.

RFC 9112 §6.3, on the strict side: what two readers could understand differently is refused.
"""

from sidecar.core.headers import ResponseHead, is_length, options
from sidecar.errors import BadResponse

UNTIL_CLOSE = -2
"""The body ends with the connection."""

CHUNKED = -1
"""The body is chunked."""


def response_framing(method: str, status: int, head: ResponseHead, version: str = "1.1") -> int:
    """The body's length in bytes; 0 when there can be none; CHUNKED or UNTIL_CLOSE.

    Raises:
        BadResponse: an impossible status, a 204 that announces a body, an unasked 101,
            contradicting lengths, a length beside a coding, an unknown coding, any coding in an
            HTTP/1.0 response (§6.1).
    """
    if not 200 <= status <= 599:
        raise not_http(f"the status {status} is not one of HTTP" if status != 101 else _SWITCHED)
    if head.transfer_encoding is not None and head.lengths:
        raise not_http("Content-Length and Transfer-Encoding came together")
    if head.transfer_encoding not in (None, b"chunked"):
        raise not_http("the transfer coding is not `chunked`")
    if head.transfer_encoding is not None and version == "1.0":
        raise not_http("an HTTP/1.0 response came with a transfer coding")
    length = _one_length(head.lengths)
    if status == 204 and (length or head.transfer_encoding):
        raise not_http("a 204 announced a body")
    if method == "HEAD" or status in (204, 304):
        return 0
    if head.transfer_encoding is not None:
        return CHUNKED
    return UNTIL_CLOSE if length is None else length


def is_persistent(version: str, framing: int, head: ResponseHead) -> bool:
    """Whether the connection outlives the response (RFC 9112 §9.3)."""
    if framing == UNTIL_CLOSE:
        return False
    if head.connection in _USUAL:
        return version == "1.1" or head.connection != b""
    asked = options(head.connection)
    return b"close" not in asked and (version == "1.1" or b"keep-alive" in asked)


_USUAL = frozenset((b"", b",keep-alive", b",Keep-Alive"))
"""What nearly every response says of its connection, as `ResponseHead` joins it."""

_SWITCHED = "the protocol was switched without being asked to"


def _one_length(values: tuple[bytes, ...]) -> int | None:
    if not values:
        return None
    if len(set(values)) > 1 or not is_length(values[0]):
        raise not_http("Content-Length is contradictory or not a number")
    return int(values[0])


def not_http(reason: str) -> BadResponse:
    """The error for a response that is refused; `reason` is a clause that says why."""
    return BadResponse(f"the upstream's response is not valid HTTP: {reason}", code="bad_response")
