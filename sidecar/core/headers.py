"""Decides which header fields travel on, in both directions (RFC 9110 §7.6.1).

Fields keep their order, case, duplicates and bytes. Knows nothing of who sends them.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from sidecar.errors import BadRequest
from sidecar.exchange import RawHeaders

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)

# Some servers read `_` as `-`: these two would become a second, different framing.
_FRAMING_ALIASES = frozenset((b"transfer_encoding", b"content_length"))

_REQUEST_DROPS = _HOP_BY_HOP | _FRAMING_ALIASES | {b"host", b"expect"}
_REQUEST_READS = _REQUEST_DROPS | {b"content-length"}

# What nearly every Connection field says: it names no other field.
_PLAIN = frozenset((b"", b",keep-alive", b",Keep-Alive", b",close", b",Close"))

_BLANKS = b" \t"
"""What may be behind a value and is no part of it (RFC 9110 §5.5); the parser leaves it there."""

_INSTRUCTION = b"x-sidecar-"

OF_BODY = frozenset((b"content-type", b"content-encoding", b"content-language", b"content-profile"))
"""What says how to read a body; PostgREST takes the schema of a POST from the last."""

_LONGEST_LENGTH = 18
"""Digits of a Content-Length: more than any body has."""

# Dropping these because `Connection` names them would change what the message means.
_NEVER_NOMINATED = frozenset((b"content-length", b"host", b"close", b"keep-alive"))


# uri-host [":" port] of RFC 3986 §3.2.2 f. and RFC 9110 §7.2; empty where a client has no name.
_HOST = re.compile(
    rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*(?::[0-9]*)?"
    rb"|\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\](?::[0-9]*)?"
)


def is_instruction(name: bytes) -> bool:
    """Whether a field of this name is for the sidecar itself (`X-Sidecar-…`).

    Layers read such fields among the request's; the transport leaves them out of what it sends.
    """
    return name[:10].lower() == _INSTRUCTION


class RequestHead(NamedTuple):
    """What the sidecar must know of a request's fields, read in one pass."""

    forwarded: RawHeaders
    """The fields for the upstream, without Host; those for the sidecar itself are among them."""
    host: bytes
    length: int | None
    chunked: bool
    expects_continue: bool
    upgrade: bytes
    """The protocol that `Upgrade` asks for, lower-cased; b"" when none is."""


def read_request(headers: RawHeaders, *, needs_host: bool = False) -> RequestHead:
    """Take a request's fields apart.

    Args:
        headers: as received.
        needs_host: whether one without a Host is refused, as one of HTTP/1.1 must be.

    Raises:
        BadRequest: a transfer coding other than `chunked` (RFC 9112 §6.1), no valid length,
            a framing that two readers could understand differently (§6.3), or a Host that is
            none, or two, or is not there (RFC 9112 §3.2).
    """
    forwarded: RawHeaders = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    hosts: list[bytes] = []
    upgrade, connection = b"", b""
    expects_continue = False
    for one in headers:  # most of them are only passed on
        lower, value = one[0].lower(), one[1]
        if lower not in _REQUEST_READS:
            forwarded.append(one)
        elif lower == b"host":
            hosts.append(value.rstrip(_BLANKS))
        elif lower == b"content-length":
            forwarded.append(one)
            lengths.append(value.rstrip(_BLANKS))
        elif lower == b"connection":
            connection += b"," + value
        elif lower == b"transfer-encoding":
            codings.append(value)
        elif lower == b"expect":
            expects_continue = value.strip().lower() == b"100-continue"
        elif lower == b"upgrade":
            upgrade = value.strip().lower()
    host = hosts[0] if hosts else b""
    if len(hosts) > 1 or not _is_host(host) or (needs_host and not hosts):
        raise BadRequest("the Host field is not one host name or address", code="bad_request")
    return RequestHead(
        _without_nominated(forwarded, connection),
        host,
        _request_length(lengths, codings) if lengths or codings else None,
        bool(codings),
        expects_continue,
        upgrade,
    )


@lru_cache(maxsize=32)
def _is_host(value: bytes) -> bool:
    """Whether a Host field names a host. An application says the same thing all the time."""
    return _HOST.fullmatch(value) is not None


def _request_length(lengths: list[bytes], codings: list[bytes]) -> int | None:
    """The declared length of a body; None without one. Refuses what can be read in two ways."""
    if any(coding.strip().lower() != b"chunked" for coding in codings):
        raise BadRequest(
            "only the transfer coding `chunked` is understood",
            code="unsupported_framing",
            status=501,
        )
    if not lengths:
        return None
    if codings or len(set(lengths)) > 1 or not is_length(lengths[0]):
        raise BadRequest(
            "Content-Length is not one number, or came with Transfer-Encoding",
            code="unsupported_framing",
        )
    return int(lengths[0])


def is_length(value: bytes) -> bool:
    """Whether a Content-Length value is a number of bytes that can exist."""
    return value.isdigit() and len(value) <= _LONGEST_LENGTH


def options(connection: bytes) -> set[bytes]:
    """The options of a Connection value, lower-cased."""
    return {token.strip().lower() for token in connection.split(b",")} - {b""}


def _without_nominated(headers: RawHeaders, connection: bytes) -> RawHeaders:
    """`headers` less the fields that a `Connection` value names."""
    if connection in _PLAIN:
        return headers
    tokens = options(connection) - _NEVER_NOMINATED
    return [field for field in headers if field[0].lower() not in tokens]


class ResponseHead(NamedTuple):
    """What the sidecar must know of a response's fields, read in one pass."""

    forwarded: RawHeaders
    """The fields for the application."""
    lengths: tuple[bytes, ...]
    """Every Content-Length value, without the blanks behind it."""
    transfer_encoding: bytes | None
    """All Transfer-Encoding values, joined and lower-cased."""
    connection: bytes
    """All Connection values, each after a comma."""
    keep_alive_timeout: float | None
    """Seconds of `Keep-Alive: timeout=N`: when the upstream will close the idle connection."""


def read_response(headers: RawHeaders) -> ResponseHead:
    """Take a response's fields apart."""
    forwarded: RawHeaders = []
    lengths: tuple[bytes, ...] = ()
    coding: bytes | None = None
    connection = b""
    keep_alive: float | None = None
    for name, value in headers:
        lower = name.lower()
        if lower not in _HOP_BY_HOP:
            forwarded.append((name, value))
            if lower == b"content-length":
                lengths += (value.rstrip(_BLANKS),)
        elif lower == b"transfer-encoding":
            coding = value.lower() if coding is None else coding + b", " + value.lower()
        elif lower == b"connection":
            connection += b"," + value
        elif lower == b"keep-alive":
            keep_alive = _keep_alive(value)
    return ResponseHead(
        _without_nominated(forwarded, connection), lengths, coding, connection, keep_alive
    )


def _keep_alive(value: bytes) -> float | None:
    for parameter in value.split(b","):
        name, _, number = parameter.strip().partition(b"=")
        if name.strip().lower() == b"timeout" and number.strip().isdigit():
            return float(number)
    return None
