"""Spans as OTLP: the bytes of one request to a collector, and what its answer says.

Needs the extra `otel`; imported only where traces are configured. Source: OTLP Specification 1.x,
"OTLP/HTTP", binary protobuf.
"""

import time
from collections.abc import Mapping, Sequence

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from sidecar.tracing.span import Kind, Span, Value

CONTENT_TYPE = "application/x-protobuf"
SCOPE = "sidecar"

_KINDS: Mapping[Kind, trace_pb2.Span.SpanKind.ValueType] = {
    "internal": trace_pb2.Span.SPAN_KIND_INTERNAL,
    "server": trace_pb2.Span.SPAN_KIND_SERVER,
    "client": trace_pb2.Span.SPAN_KIND_CLIENT,
}
_AT_ONCE = 32
"""Spans that are written before the event loop's thread is given a turn."""


def request(spans: Sequence[Span], resource: Mapping[str, Value], version: str) -> bytes:
    """The body of a request that carries these spans.

    Args:
        spans: of one process.
        resource: what the process is.
        version: of the program.
    """
    message = ExportTraceServiceRequest()
    found = message.resource_spans.add()
    found.resource.attributes.extend(_attributes(resource))
    scoped = found.scope_spans.add()
    scoped.scope.name, scoped.scope.version = SCOPE, version
    for number, span in enumerate(spans):
        if number % _AT_ONCE == _AT_ONCE - 1:
            time.sleep(0)
        scoped.spans.append(_span(span))
    return message.SerializeToString()


def rejected(answer: bytes) -> int:
    """How many spans a 200 says were not taken (`partial_success`)."""
    try:
        said = ExportTraceServiceResponse.FromString(answer)
    except DecodeError:  # some collectors answer `{}`
        return 0
    return max(0, said.partial_success.rejected_spans)


def _span(span: Span) -> trace_pb2.Span:
    began = round(span.began * 1e9)
    error = trace_pb2.Status.STATUS_CODE_ERROR if span.failed else None
    return trace_pb2.Span(
        trace_id=bytes.fromhex(span.context.trace_id),
        span_id=bytes.fromhex(span.context.span_id),
        parent_span_id=bytes.fromhex(span.parent),
        flags=span.context.flags,
        name=span.name,
        kind=_KINDS[span.kind],
        start_time_unix_nano=began,
        end_time_unix_nano=began + round(max(0.0, span.duration) * 1e9),
        attributes=_attributes(span.attributes),
        status=trace_pb2.Status(code=error) if error is not None else None,
    )


def _attributes(values: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return (
        AnyValue(double_value=value) if isinstance(value, float) else AnyValue(string_value=value)
    )
