"""What any server answers in trouble: the pages of a reverse proxy, and Retry-After. Pure."""

import math
from http import HTTPStatus

from sidecar.faults.kinds import Fault, Reply, always, compact, reply


def page(status: int, *more: bytes) -> Reply:
    """The page that nginx makes for this status (ngx_http_special_response.c)."""
    phrase = "Service Temporarily Unavailable" if status == 503 else HTTPStatus(status).phrase
    phrase = "Gateway Time-out" if status == 504 else phrase
    title = f"{status} {phrase}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    ).encode()
    return reply(status, phrase.encode(), b"text/html", body, b"Server: nginx", *more)


def unavailable(seconds: float) -> Reply:
    """503 that says when to come back, in whole seconds (RFC 9110 §10.2.3)."""
    return page(503, b"Retry-After: %d" % math.ceil(seconds))


def too_many(seconds: float) -> Reply:
    """429 that says when to come back, as API gateways word it (RFC 6585 §4)."""
    body = compact({"message": "API rate limit exceeded"})
    again = b"Retry-After: %d" % math.ceil(seconds)
    return reply(429, b"Too Many Requests", b"application/json", body, again)


_RFC = "RFC 9110 §15.6"

FAULTS = (
    Fault("http_500", "500 with a proxy's page", _RFC, always(page(500))),
    Fault("http_502", "502 with a proxy's page", _RFC, always(page(502))),
    Fault("http_503", "503 with a proxy's page", _RFC, always(page(503))),
    Fault("http_504", "504 with a proxy's page", _RFC, always(page(504))),
    Fault("503_retry_after", "503 that says when to come back", _RFC, unavailable, delay=1.0),
    Fault(
        "429_retry_after",
        "429 that says when to come back",
        "RFC 6585 §4",
        too_many,
        delay=1.0,
    ),
)
