"""What an upstream says, in words of HTTP, of JSON and of each vendor."""

import json
from contextlib import suppress
from typing import Any

from sidecar.core.cache import directives, token
from sidecar.core.json_path import steps_of
from sidecar.core.json_spans import strings_at, swapped
from sidecar.core.multipart import read_form
from sidecar.core.status_webhook import TAG, statuses, tagged
from sidecar.dialects import DIALECTS
from sidecar.dialects.sse import Framing, frame_in
from sidecar.exchange import Request
from sidecar.judgement import Judgement
from tests.fuzz.targets.registry import BROKEN_LINE, pieces, target


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
            assert not BROKEN_LINE.search(part.filename)
