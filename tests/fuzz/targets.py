"""What any bytes may do to the readers of the sidecar: nothing but what is stated here.

Each target takes bytes and raises where something is wrong. They are called by `make test` with the
corpus and with what Hypothesis makes of it, and by `make fuzz` with what a coverage-guided fuzzer
makes of it. The first byte says how the rest is cut into pieces, where that matters.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from sidecar.config import Limits
from sidecar.core.cache import directives, token
from sidecar.core.cache.literals import normalised
from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.targets import Targets
from sidecar.core.framing import response_framing
from sidecar.core.headers import read_request, read_response
from sidecar.core.json_spans import steps_of, strings_at, swapped
from sidecar.core.multipart import read_form
from sidecar.core.routing import RouteTable
from sidecar.core.status_webhook import TAG, statuses, tagged
from sidecar.core.websocket_frames import Frames
from sidecar.core.websocket_talk import BrokenFrames, Heard
from sidecar.dialects import DIALECTS
from sidecar.dialects.sse import Framing, frame_in
from sidecar.errors import BadRequest, BadResponse, DownstreamError
from sidecar.exchange import Request
from sidecar.judgement import Judgement
from sidecar.loader import ConfigErrors, loads
from sidecar.serving.reader import RequestReader
from sidecar.spool.records import Records, Unusable
from sidecar.spool.sealing import PLAIN, NoSeal
from sidecar.store import message, records
from sidecar.telemetry import redact
from sidecar.transport.wire import ResponseReader, request_head

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BROKEN_LINE = re.compile(rb"[\r\n\0]")
_PLACE = re.compile(r"(?:preset [a-z-]+|fuzz\.yaml:\d+:\d+): (?:error|warning): [^\n]+")


def target(check: Target) -> Target:
    """Register it under its name."""
    TARGETS[check.__name__] = check
    return check


def pieces(data: bytes) -> Iterator[bytes]:
    """The bytes behind the first, in pieces as large as that says."""
    size = (data[0] if data else 0) % 17 + 1
    return (data[at : at + size] for at in range(1, len(data), size))


# ------------------------------------------------------------------------------------- HTTP


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
    assert cut_valid is valid, "how it is cut decides whether it is valid"
    assert not valid or cut == whole, (cut, whole)
    for method, place, version, headers, body in whole:
        _check_fields(headers)
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
        assert body is not None


def _has_body(headers: Any) -> bool:
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)


def _check_fields(headers: Any) -> None:
    for name, value in headers:
        assert _NAME.fullmatch(name), name
        assert not _BROKEN_LINE.search(value), value


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
    _check_fields(head.headers)
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


# ----------------------------------------------------------------------------------- records


@target
def stored(data: bytes) -> None:
    """A record of the cache is none, or one that can be served, and written again."""
    for raw in (data, b"\x01" + data):
        found = records.decode(raw)
        if found is None:
            continue
        assert records.decode(records.encode(*found)) == found
        if not isinstance(found.value, tuple):
            _check_fields(found.value.head.headers)
            assert 200 <= found.value.head.status <= 599
            assert found.value.size > 0
            assert found.value.fresh_until <= found.value.expires_at or found.value.plan.keep < 0


@target
def queued(data: bytes) -> None:
    """A record of the spool is what was written, or unusable."""
    subject = Records(NoSeal())
    for raw in (data, PLAIN + data, PLAIN + b"\x01" + data):
        for read, write in (
            (subject.read_request, lambda found: subject.request("d", *found)),
            (subject.read_answer, lambda found: subject.answer("d", found)),
            (subject.read_target, lambda found: subject.target("d", found)),
        ):
            try:
                found: Any = read("d", raw)
            except Unusable:
                continue
            assert read("d", write(found)) == found


@target
def news(data: bytes) -> None:
    """A message of another sidecar is none, or one that can be told again."""
    assert message.decode(data, b"secret") is None
    for body in (data, b"\x01" + data):
        found = message.decode(message._signature(body, b"secret") + body, b"secret")
        if found is not None:
            assert message.decode(message.encode(found, b"secret"), b"secret") == found


# ------------------------------------------------------------------------------ what people write


@target
def config(data: bytes) -> None:
    """A text is a configuration, or it is said in which line it is none."""
    text = data.decode("utf-8", "replace")
    try:
        found = loads(text, name="fuzz.yaml", env={"A": "x"})
    except ConfigErrors as errors:
        said = [str(each) for each in errors.problems]
        assert any(": error: " in each for each in said)
    else:
        said = [str(each) for each in found.warnings]
        assert loads(text, name="fuzz.yaml", env={"A": "x"}).config == found.config
        RouteTable.from_config(found.config)
    for line in said:
        assert _PLACE.fullmatch(line) or _is_of_all(line), line


def _is_of_all(line: str) -> bool:
    """What is wrong with the text as a whole has no line."""
    return line.startswith("fuzz.yaml: error: over 1000000 characters")


@cache
def _table() -> RouteTable:
    text = """
    upstreams:
      api:
        url: http://x.test
        hosts: [api.test]
        routes:
          - {name: rows, match: {methods: [GET], path: "/rest/v1/{table}"}}
          - {name: deep, match: {path: "/a/**/b/*"}}
      other: {url: "http://y.test/base"}
    """
    return RouteTable.from_config(loads(text, env={}).config)


@target
def targets(data: bytes) -> None:
    """Any target goes where its first part says, and what goes on is what came behind that."""
    text = data.decode("utf-8", "surrogateescape")
    shown = redact.target(text)
    assert len(shown) <= redact.MAX_TARGET
    assert shown.isascii()
    assert not shown or shown.isprintable()
    for host, bound in (("", None), ("api.test:80", None), ("", "other")):
        try:
            routed = _table().resolve("GET", text, host, bound)
        except DownstreamError:
            continue
        assert routed.target.startswith("/")
        assert text.endswith(routed.target) or routed.target[:2] in ("/", "/?")
        if bound:
            assert (routed.route.upstream, routed.target) == (bound, text)
    request = Request("GET", text, [])
    for tag in Targets("http://x.test/base").read_tags(request):
        assert tag.startswith("@")


@target
def tables(data: bytes) -> None:
    """Any query of PostgREST reads tables that can be named; its values have one normal form."""
    text = data.decode("utf-8", "surrogateescape")
    subject = Tables(TableRules())
    path, _, query = text.partition("?")
    for place in (text, f"/rest/v1/{path}?{query}", f"/rest/v1/t?{text}"):
        found = subject.read_tags(Request("GET", place, []))
        assert len(found) == len(set(found))
        if place.startswith("/rest/v1/t?"):
            assert found, "an answer that no write could drop"
    once = normalised(text)
    assert once is None or normalised(once) == once


# ----------------------------------------------------------------------------- what upstreams say


@target
def judged(data: bytes) -> None:
    """Whatever an upstream says, it means something; and what is asked for is a time."""
    first = data[0] if data else 0
    status = (200, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 520, 529)[first % 15]
    head, _, body = data[1:].partition(b"\n\n")
    fields = [tuple(line.split(b":", 1)) for line in head.split(b"\n") if b":" in line]
    headers: Any = [*fields, (b"Content-Type", b"application/json")]
    for dialect in DIALECTS.values():
        for content in (body, data[1:]):
            found = dialect.judge("POST", status, headers, content, 1_700_000_000.0)
            assert isinstance(found, Judgement)
            assert found.wait is None or found.wait >= 0
            assert status != 401 or found.kind != "done"
            frame = dialect.first_frame(content)
            assert frame is None or isinstance(frame, Judgement)


@target
def streams(data: bytes) -> None:
    """However an event stream is cut, it ends between two frames, or it does not."""
    whole, cut = Framing(frozenset((b"data:[DONE]",))), Framing(frozenset((b"data:[DONE]",)))
    whole.feed(data[1:])
    for part in pieces(data):
        cut.feed(part)
    assert whole.whole is cut.whole
    found = frame_in(data)
    assert found is None or found.data


@target
def cache_control(data: bytes) -> None:
    """Whatever a field says, numbers are numbers, and `no-store` at a comma's distance is heard."""
    said = directives.parse(data.split(b"\n"))
    for name in said.found:
        seconds = said.seconds(name)
        assert seconds is not None
        assert 0 <= seconds <= directives.LONGEST
    assert "no-store" in directives.parse([b"no-store, " + data])
    request = Request("GET", "/", [(b"Authorization", data)])
    end = token.expires_at(request)
    assert end is None or abs(end) <= 2**53
    assert all(isinstance(each, str) for each in token.subjects(request))


@target
def jsons(data: bytes) -> None:
    """Strings are found in a text as in its value; and no text makes anything fail."""
    text = data.decode("utf-8", "replace")
    paths = [steps_of("$.a"), steps_of("$[*].a"), steps_of("$.a[*]"), steps_of("$.a.b")]
    assert swapped(text, paths, lambda _: None) in (None, (text, 0))
    with suppress(ValueError):  # as it says
        statuses(data)
    written = tagged(data, "tag")
    if written != data:
        assert json.loads(written) == {**json.loads(data), TAG: "tag"}
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return
    for each in strings_at(text, paths):
        assert json.loads(text[each.start : each.end]) == each.value


@target
def forms(data: bytes) -> None:
    """A form comes apart into parts that are in it, or it is not read."""
    kind, _, body = data.partition(b"\n")
    for content_type, content in ((kind, body), (b"multipart/form-data; boundary=x", data)):
        found = read_form(content_type, content)
        for part in found or ():
            assert bytes(part.data) in content
            assert not _BROKEN_LINE.search(part.filename)
