"""Recognises what Cloudflare answers in place of the server behind it, Supabase's for one.

Source: developers.cloudflare.com, "Cloudflare 5xx errors", one page for each status.
"""

import re

from sidecar.dialects.body import decoded, header
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement, Kind

_MEANING: dict[int, tuple[Kind, str]] = {
    # The server's answer was empty or invalid: it had the request.
    520: ("ambiguous", "the server behind it gave an answer that is empty or invalid"),
    # "the origin web server refuses connections"
    521: ("refused", "the server behind it refuses connections"),
    # Either no SYN+ACK, or "after a connection is established" no ACK of the request: the page
    # does not say which, so the request may have arrived.
    522: ("ambiguous", "the connection to the server behind it timed out"),
    # "does not have a route to the origin's IP address"
    523: ("refused", "the server behind it cannot be reached"),
    # Connected, request sent, no answer in time.
    524: ("ambiguous", "the server behind it did not answer in time"),
    # The request is sent after the handshake.
    525: ("refused", "the TLS handshake with the server behind it failed"),
    526: ("refused", "the certificate of the server behind it is not valid"),
    # "unable to resolve the origin hostname, preventing it from establishing a connection"
    530: ("refused", "the name of the server behind it cannot be resolved"),
}
_OTHERS = {
    500: "an internal error",
    502: "the server behind it gave no valid answer",
    503: "the service is unavailable",
    504: "the server behind it did not answer in time",
}
_PAGE = re.compile(rb"cf-error-details|cf-wrapper|/cdn-cgi/|Cloudflare Ray ID|cloudflare\.com/5xx")
_RAY = re.compile(rb"[0-9a-f]{12,20}(-[A-Z]{3})?")
_RAY_IN_PAGE = re.compile(rb"Ray ID:\s*(?:<[^>]{0,200}>\s*){0,8}([0-9a-f]{12,20})")


def judge(status: int, headers: RawHeaders, body: bytes) -> Judgement | None:
    """What a status that Cloudflare made up means; None for others and for other servers.

    The header or the page must show that it is Cloudflare: the statuses are not registered,
    and "it never arrived" may only be said by who knows.
    """
    meaning = _MEANING.get(status)
    if meaning is None or not (_passed_by(headers) or _is_page(headers, body)):
        return None
    return Judgement("failure", meaning[0], f"cloudflare_{status}")


def sentence(status: int, headers: RawHeaders, body: bytes) -> str | None:
    """What one of Cloudflare's HTML error pages says, in one line; None if it is none."""
    meaning = _MEANING.get(status)
    text = meaning[1] if meaning else _OTHERS.get(status)
    if text is None or not _is_page(headers, body):
        return None
    ray = _RAY.fullmatch(header(headers, b"cf-ray").strip())
    in_page = None if ray else _RAY_IN_PAGE.search(decoded(headers, body))
    known = ray[0] if ray else in_page[1] if in_page else None
    return f"Cloudflare {status}: {text}" + (f" (ray {known.decode()})" if known else "")


def may_be_page(status: int, headers: RawHeaders) -> bool:
    """Whether `sentence` is worth asking: an HTML page with a status that it knows."""
    known = status >= 500 and (status in _MEANING or status in _OTHERS)
    return known and header(headers, b"content-type").strip().lower().startswith(b"text/html")


def _passed_by(headers: RawHeaders) -> bool:
    server = header(headers, b"server").strip().lower()
    return server == b"cloudflare" or bool(header(headers, b"cf-ray"))


def _is_page(headers: RawHeaders, body: bytes) -> bool:
    kind = header(headers, b"content-type").strip().lower()
    if kind and not kind.startswith(b"text/html"):
        return False
    text = decoded(headers, body)
    return text.lstrip()[:1] == b"<" and _PAGE.search(text) is not None
