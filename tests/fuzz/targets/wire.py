"""What comes over a wire, however it is cut into pieces: requests, responses, frames."""

import re
from collections.abc import Iterator
from typing import Any

from sidecar.config import Limits
from sidecar.core.framing import response_framing
from sidecar.core.headers import read_request, read_response
from sidecar.core.websocket_frames import Frames
from sidecar.core.websocket_talk import BrokenFrames, Heard
from sidecar.errors import BadRequest, BadResponse, DownstreamError
from sidecar.serving.reader import RequestReader
from sidecar.transport.wire import ResponseReader, request_head
from tests.fuzz.targets.registry import check_fields, pieces, target

_OTHERS = re.compile(rb" (RTSP|ICE)/")


def _requests(parts: Iterator[bytes] | list[bytes]) -> tuple[list[Any], bool]:
    """What is read of them, and whether all was valid."""
    reader = RequestReader(Limits(), None, lambda: None)  # type: ignore[arg-type]
    found: list[Any] = []
    valid = True
    try:
        for part in parts:
            found += reader.feed(part)
    except BadRequest:
        valid = False
    shown = []
    for each in found:
        try:
            body = each.body.take()
        except DownstreamError:
            body = None
        shown.append((each.method, each.target, each.version, each.headers, body))
    return shown, valid


@target
def requests(data: bytes) -> None:
    """However requests are cut, the same is read; and what is passed on is one request again."""
    whole, valid = _requests([data[1:]])
    cut, cut_valid = _requests(pieces(data))
    # The parser does not show which protocol a line names. Where it may be another one, all that
    # came at once is refused, to be safe.
    assert cut_valid is valid or _OTHERS.search(data), "how it is cut decides whether it is valid"
    assert not (valid and cut_valid) or cut == whole, (cut, whole)
    for method, place, version, headers, body in whole:
        check_fields(headers)
        try:
            head = read_request(headers, needs_host=version == "1.1")
        except BadRequest:
            continue
        if not place.startswith("/") or method == "CONNECT":
            continue
        sent = request_head(method, place, b"x", head.forwarded, chunked=False)
        again, fine = _requests([sent])
        if _has_body(head.forwarded):
            continue  # its body is written behind it
        assert fine
        assert [each[:2] for each in again] == [(method, place)], "one request became another"
        assert body is not None or _has_body(headers), "only what has a body can break in it"


def _has_body(headers: Any) -> bool:
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)


def _response(parts: Iterator[bytes] | list[bytes], method: str) -> tuple[Any, bytes, bool, bool]:
    reader, body, valid = ResponseReader(method), b"", True
    for part in parts:
        try:
            reader.feed(part)
        except BadResponse:
            valid = False
            break
        finally:
            body += reader.take() or b""
    if valid:
        reader.feed_eof()
    return reader.head, body, reader.complete, valid


@target
def responses(data: bytes) -> None:
    """However a response is cut, the same is read; and no field can break out of its line."""
    method = "HEAD" if data[:1] and data[0] & 0x80 else "GET"
    head, body, complete, valid = _response([data[1:]], method)
    cut = _response(pieces(data), method)
    # what comes behind the end makes a difference only when it comes at once with it
    assert cut[2:] == (complete, valid) or complete or cut[2]
    if valid and complete:
        assert cut[:2] == (head, body)
    if head is None or not valid:
        return  # the connection is given up, whatever was read before
    check_fields(head.headers)
    assert 200 <= head.status <= 599
    assert not complete or head.framing < 0 or len(body) == head.framing
    assert head.framing != 0 or not body
    fields = read_response(head.headers)
    assert fields.forwarded == head.headers, "read again, something else would be passed on"
    if head.framing >= 0 and fields.lengths:
        response_framing(method, head.status, fields)


@target
def frames(data: bytes) -> None:
    """However frames are cut, the same are seen."""
    for masked in (False, True):
        whole, cut = Frames(masked=masked), Frames(masked=masked)
        assert 0 <= whole.feed(data[1:]) <= max(0, len(data) - 1)
        for part in pieces(data):
            cut.feed(part)
        for name in ("messages", "closed", "broken", "is_between"):
            assert getattr(whole, name) == getattr(cut, name), name


@target
def heard(data: bytes) -> None:
    """What a reader of the feed says is heard alike however it comes, and little is kept of it."""
    assert _heard([data[1:]]) == _heard(pieces(data))


def _heard(parts: Iterator[bytes] | list[bytes]) -> tuple[list[Any], int | None]:
    subject, found = Heard(), []
    try:
        for part in parts:
            found += subject.feed(part)
            assert len(subject._begun) <= 14 + 125
    except BrokenFrames as broken:
        return [], broken.code
    return found, None
