"""Decides how the W3C trace context of a call is read, sampled and passed on.

Pure: the random part of an identifier is drawn by whoever asks. Knows nothing of spans.
Source: W3C Recommendation "Trace Context" (Level 1), §3.2 traceparent, §3.3 tracestate, §4.3.
"""

import re
from typing import NamedTuple

from sidecar.exchange import RawHeaders

TRACEPARENT = b"traceparent"
TRACESTATE = b"tracestate"
INSIDE = b"X-Sidecar-Trace"
"""Where the layers hand the context of an exchange to its attempts, in the form of a traceparent.
It is a field for the sidecar itself, so the transport leaves it out of what it sends."""

_INSIDE = INSIDE.lower()
_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE, _NO_SPAN = b"0" * 32, b"0" * 16
_SAMPLED = 0x01
_RANDOM = 0x02
_LENGTHS = frozenset(map(len, (TRACEPARENT, TRACESTATE, INSIDE)))


class Context(NamedTuple):
    """Where in which trace something happens."""

    trace_id: str
    """32 hexadecimal digits in lower case, not all zero."""
    span_id: str
    """16 of them: the span that whatever comes next is a part of."""
    flags: int = _SAMPLED

    @property
    def sampled(self) -> bool:
        """Whether the trace is recorded."""
        return bool(self.flags & _SAMPLED)

    def written(self) -> bytes:
        """As the value of a traceparent, version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}".encode()

    def child(self, span_id: int) -> "Context":
        """The context within a new span of the same trace.

        Args:
            span_id: 64 random bits.
        """
        return Context(self.trace_id, _hex(span_id, 16), self.flags)


class Found(NamedTuple):
    """What a request's fields say of its trace."""

    given: Context | None
    """By the application; None where it says nothing, or nothing that is valid."""
    inside: Context | None
    """By the layers above."""


_NOTHING = Found(None, None)


def read(headers: RawHeaders) -> Found:
    """The contexts that a request carries. What is invalid, or there twice, counts as not there."""
    given: list[bytes] = []
    inside: list[bytes] = []
    for name, value in headers:
        if len(name) not in _LENGTHS:
            continue
        lower = name.lower()
        if lower == TRACEPARENT:
            given.append(value)
        elif lower == _INSIDE:
            inside.append(value)
    return Found(_only(given), _only(inside)) if given or inside else _NOTHING


def _only(values: list[bytes]) -> Context | None:
    return parse(values[0]) if len(values) == 1 else None


def parse(value: bytes) -> Context | None:
    """The context in the value of a traceparent.

    None where it is invalid: upper case, zero identifiers, version ff, or a version 00 with more
    behind it. Of later versions the four fields that are known are read (§4.3), and of the flags
    those that are known.
    """
    value = value.strip(b" \t")
    found = _PARENT.fullmatch(value)
    if found is None:
        return None
    trace_id, span_id, flags, more = found.groups()
    if trace_id == _NO_TRACE or span_id == _NO_SPAN or (more and value.startswith(b"00")):
        return None
    return Context(trace_id.decode(), span_id.decode(), int(flags, 16) & (_SAMPLED | _RANDOM))


def begin(trace_id: int, span_id: int, ratio: float) -> Context:
    """The context of a trace that begins here.

    The trace's identifier decides whether it is recorded, so that all who sample by it, as
    OpenTelemetry's TraceIdRatioBased does, decide alike.

    Args:
        trace_id: 128 random bits.
        span_id: 64 random bits.
        ratio: the share of traces that are recorded, 0 to 1.
    """
    identifier = _hex(trace_id, 32)
    sampled = int(identifier[16:], 16) < round(ratio * 2**64)
    return Context(identifier, _hex(span_id, 16), _SAMPLED if sampled else 0)


def _hex(number: int, digits: int) -> str:
    """A random identifier; 1 in the place of 0, which is none."""
    return f"{number or 1:0{digits}x}"


def hand_down(headers: RawHeaders, context: Context) -> RawHeaders:
    """The fields with the context of the exchange for its attempts.

    What the client sent in that place is dropped; what is for the upstream stays as it is.
    """
    kept = [
        field for field in headers if len(field[0]) != len(INSIDE) or field[0].lower() != _INSIDE
    ]
    return [*kept, (INSIDE, context.written())]


def pass_on(headers: RawHeaders, context: Context, *, given: bool) -> RawHeaders:
    """The fields as an attempt sends them: the traceparent names the attempt's span.

    It stays in its place among the fields, in the case in which it came. Without a valid one a
    trace begins here, and a tracestate belongs to none (§4.3: it is deleted).

    Args:
        headers: as they came.
        context: the attempt's.
        given: whether the application gave a valid traceparent.
    """
    value, put = context.written(), False
    sent: RawHeaders = []
    for field in headers:
        lower = field[0].lower() if len(field[0]) in _LENGTHS else b""
        if lower == TRACEPARENT:
            if not put:
                sent.append((field[0], value))
            put = True
        elif lower != TRACESTATE or given:
            sent.append(field)
    return sent if put else [*sent, (TRACEPARENT, value)]
