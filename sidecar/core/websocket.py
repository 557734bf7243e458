"""Decides which handshakes of a WebSocket are valid, the application's and the upstream's.

RFC 6455 §4. Works on header fields; knows no connections and no frames.
"""

import base64
import binascii
import hashlib

from sidecar.core.headers import RequestHead, options, read_response
from sidecar.errors import BadRequest, BadResponse
from sidecar.exchange import RawHeaders

PROTOCOL = b"websocket"
"""What `Upgrade` says."""

SWITCH: RawHeaders = [(b"Connection", b"Upgrade"), (b"Upgrade", PROTOCOL)]
"""The fields that ask for the other protocol, and that grant it; they go from hop to hop."""

WANTED: RawHeaders = [*SWITCH, (b"Sec-WebSocket-Version", b"13")]
"""What an answer 426 says (RFC 6455 §4.4, RFC 9110 §15.5.22)."""

UPGRADE_REQUIRED = 426

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = b"sec-websocket-version"
_KEY = b"sec-websocket-key"
_ACCEPT = b"sec-websocket-accept"
_SUBPROTOCOL = b"sec-websocket-protocol"
_EXTENSIONS = b"sec-websocket-extensions"


def check_handshake(method: str, headers: RawHeaders, head: RequestHead, *, modern: bool) -> None:
    """Whether the application's request opens a WebSocket as RFC 6455 §4.2.1 asks for.

    Args:
        method: of the request.
        headers: its fields as received, hop-by-hop ones included.
        head: the same, read.
        modern: whether it is of HTTP/1.1.

    Raises:
        BadRequest: it does not; with status 426 if all that is wrong is the version.
    """
    if method != "GET" or not modern:
        raise _refused("it is no GET of HTTP/1.1")
    if head.chunked or head.length:
        raise _refused("it has a body")
    if b"upgrade" not in options(b",".join(_values(headers, b"connection"))):
        raise _refused("its Connection field does not name Upgrade")
    if len(_values(headers, b"upgrade")) != 1:
        raise _refused("it has more than one Upgrade field")
    if _values(headers, _VERSION) != [b"13"]:
        raise BadRequest(
            "the only version of the WebSocket protocol that is spoken is 13",
            code="upgrade_unsupported",
            status=UPGRADE_REQUIRED,
        )
    keys = _values(headers, _KEY)
    if len(keys) != 1 or not _is_key(keys[0]):
        raise _refused("its Sec-WebSocket-Key is not the base64 of 16 bytes")


def check_switch(offered: RawHeaders, answered: RawHeaders) -> None:
    """Whether the upstream's 101 is what a client may go on with (RFC 6455 §4.1).

    Args:
        offered: the fields of the handshake.
        answered: those of the answer, hop-by-hop ones included.

    Raises:
        BadResponse: it is not: another protocol, a body, not the answer to this key, a
            subprotocol or an extension that was not offered.
    """
    if [value.lower() for value in _values(answered, b"upgrade")] != [PROTOCOL]:
        raise _invalid("its Upgrade field does not say `websocket`")
    if b"upgrade" not in options(b",".join(_values(answered, b"connection"))):
        raise _invalid("its Connection field does not name Upgrade")
    lengths = set(_values(answered, b"content-length"))
    if lengths - {b"0"} or _values(answered, b"transfer-encoding"):
        raise _invalid("it has a body")
    if _values(answered, _ACCEPT) != [accept_of(key) for key in _values(offered, _KEY)]:
        raise _invalid("its Sec-WebSocket-Accept does not belong to the key")
    chosen = _values(answered, _SUBPROTOCOL)
    if len(chosen) > 1 or not set(chosen) <= set(_listed(offered, _SUBPROTOCOL)):
        raise _invalid("it chose a subprotocol that was not offered")
    if not _names(answered) <= _names(offered):
        raise _invalid("it chose an extension that was not offered")


def switch_headers(answered: RawHeaders) -> RawHeaders:
    """The fields of a 101 for the application. A 1xx has no length (RFC 9110 §8.6)."""
    kept = read_response(answered).forwarded
    return [*SWITCH, *(field for field in kept if field[0].lower() != b"content-length")]


def accepting(asked: RawHeaders) -> RawHeaders:
    """The fields with which the sidecar itself accepts a handshake that was checked."""
    return [(b"Sec-WebSocket-Accept", accept_of(key)) for key in _values(asked, _KEY)]


def accept_of(key: bytes) -> bytes:
    """The Sec-WebSocket-Accept that proves that `key` was read (RFC 6455 §4.2.2)."""
    digest = hashlib.sha1(key + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest)


def _is_key(value: bytes) -> bool:
    try:
        return len(value) == 24 and len(base64.b64decode(value, validate=True)) == 16
    except binascii.Error:
        return False


def _values(headers: RawHeaders, name: bytes) -> list[bytes]:
    return [value.strip(b" \t") for each, value in headers if each.lower() == name]


def _listed(headers: RawHeaders, name: bytes) -> list[bytes]:
    """The elements of a field whose value is a list (RFC 9110 §5.6.1)."""
    elements = b",".join(_values(headers, name)).split(b",")
    return [element.strip(b" \t") for element in elements if element.strip(b" \t")]


def _names(headers: RawHeaders) -> set[bytes]:
    """The extensions, without their parameters. A quoted comma would only add to the offer."""
    return {each.partition(b";")[0].strip(b" \t") for each in _listed(headers, _EXTENSIONS)}


def _refused(reason: str) -> BadRequest:
    text = f"the request is no valid handshake of a WebSocket: {reason}"
    return BadRequest(text, code="bad_request")


def _invalid(reason: str) -> BadResponse:
    text = f"the upstream's answer to the handshake is not valid: {reason}"
    return BadResponse(text, code="bad_response")
