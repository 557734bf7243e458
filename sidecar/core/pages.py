"""Decides what becomes of an HTML page that stands in for an answer: JSON, with the page attached.

The status stays: clients go by it.
"""

from sidecar.config import ErrorShape
from sidecar.core.cache.directives import value_of
from sidecar.core.rewritten_body import OF_THE_OLD_BYTES
from sidecar.core.shapes import Told, worded
from sidecar.exchange import BytesBody, RawHeaders, Response

_ATTACHED = 8 * 1024
"""Bytes of the page that are attached; Cloudflare's have about 7 KB."""

_OF_THE_PAGE = OF_THE_OLD_BYTES | {
    *(b"content-type", b"content-language", b"content-range", b"etag", b"last-modified"),
}
"""Fields that say something about the page (RFC 9110 §8, RFC 9530)."""


def rewrite(response: Response, text: str, page: bytes, shape: ErrorShape, request_id: str) -> None:
    """Put an error that the application can read in the place of `response`'s body.

    Args:
        response: what is changed; it stays what has to be closed.
        text: what the page says, in one line.
        page: its text, content coding removed; the beginning will do.
        shape: how the application's clients want errors.
        request_id: of the exchange.
    """
    refused = response.judgement is not None and response.judgement.kind == "refused"
    told = Told(
        status=response.status,
        text=text,
        code=f"cloudflare_{response.status}",
        hint=_NOT_DONE if refused else _MAYBE,
        transient=refused,
        request_id=request_id,
    )
    original = page[:_ATTACHED].decode("utf-8", "replace")
    body = worded(told, shape, original=original)
    was = value_of(response.headers, b"content-type") or b""
    headers: RawHeaders = [
        (name, value) for name, value in response.headers if name.lower() not in _OF_THE_PAGE
    ]
    headers.append((b"Content-Type", b"application/json"))
    headers.append((b"Content-Length", b"%d" % len(body)))
    headers.append((b"X-Sidecar-Original-Content-Type", was))
    response.headers, response.body = headers, BytesBody(body)


_NOT_DONE = "The server behind it did not get the request: the call may safely be made again."
_MAYBE = "The upstream may have acted on the request."
