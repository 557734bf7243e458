"""A collector of traces: answers as told, and reads what it gets with OpenTelemetry's types."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2


class Seen(NamedTuple):
    """One span, as a collector reads it."""

    trace_id: str
    span_id: str
    parent: str
    name: str
    kind: str
    seconds: float
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]


class Collector(ThreadingHTTPServer):
    """Takes spans at `/v1/traces`."""

    daemon_threads = True

    def __init__(self, statuses: Iterable[int] = (), *, reject: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = iter(statuses)
        """What the next requests are answered; then 200."""
        self.reject = reject
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.spans: list[Seen] = []
        self.gate = threading.Event()
        """While it is not set, nothing is answered."""
        self.gate.set()

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no matter."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Collector

    def do_POST(self) -> None:
        """Take one request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.gate.wait(20)
        self.server.requests.append((self.path, dict(self.headers.items())))
        status = next(self.server.statuses, 200)
        answer = ExportTraceServiceResponse()
        if status == 200:
            answer.partial_success.rejected_spans = self.server.reject
            self.server.spans += _spans(ExportTraceServiceRequest.FromString(body))
        data = answer.SerializeToString()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called
        """Say nothing."""


def _spans(request: ExportTraceServiceRequest) -> Iterator[Seen]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _seen(span, _plain(resource.resource.attributes))


def _seen(span: trace_pb2.Span, resource: dict[str, Any]) -> Seen:
    return Seen(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        attributes=_plain(span.attributes),
        resource=resource,
    )


def _plain(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> Any:
    return getattr(value, str(value.WhichOneof("value")))


@contextmanager
def collecting(statuses: Iterable[int] = (), *, reject: int = 0) -> Iterator[Collector]:
    """A collector that listens."""
    with Collector(statuses, reject=reject) as collector:
        thread = threading.Thread(target=collector.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            collector.gate.set()
            collector.shutdown()
            thread.join(5)
