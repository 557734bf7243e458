"""Whether traces are made, and where they are sent. Field docstrings are the reference.

Knows how that is written; nothing of spans.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import ConfigDict, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.header_name import HeaderName
from sidecar.config.retry import Ratio
from sidecar.config.secret import Secret
from sidecar.config.strict import STRICT
from sidecar.config.values import Flag, Name, Text, Url

_VALUE = re.compile(r"[!-~](?:[ -~]{0,8190}[!-~])?")


def header_secret(value: object) -> Secret:
    """The value of a header field, which may be a credential with its scheme before it.

    Raises:
        PydanticCustomError: it is empty, or has other characters than printable ASCII, or blanks
            at its ends. The value is not repeated.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and _VALUE.fullmatch(value):
        return Secret(value)
    raise PydanticCustomError("text", "expected the value of a header field: printable ASCII")


HeaderSecret = Annotated[
    Secret, PlainValidator(header_secret), WithJsonSchema({"type": "string", "minLength": 1})
]


@dataclass(frozen=True, slots=True)
class Tracing:
    """Spans of exchanges and attempts, sent by OTLP. See docs/tracing.md.

    Without an `endpoint` there are none, and `traceparent` and `tracestate` cross unchanged.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    endpoint: Url | None = None
    """The collector's OTLP/HTTP endpoint, such as `http://127.0.0.1:4318` or
    `${OTEL_EXPORTER_OTLP_ENDPOINT}`; `/v1/traces` is added where it is missing. Needs the extra
    `otel`. Default: no traces."""
    headers: Mapping[HeaderName, HeaderSecret] = field(default_factory=dict)
    """Header fields for the collector, such as its credentials. They are never shown."""
    sample: Ratio = 1.0
    """The share of traces that are recorded, of those that begin here. Where the application
    sends a valid `traceparent`, its sampled flag decides."""
    propagate: Flag = True
    """Whether upstreams are sent a `traceparent` that names the attempt. Otherwise they get what
    the application sent, unchanged."""
    propagate_to: tuple[Name, ...] = ()
    """Which upstreams are sent it; the others get what the application sent. Default: all."""
    attributes: Mapping[Text, Text] = field(default_factory=dict)
    """Attributes of all spans' resource, such as `deployment.environment.name: production`.
    `service.name` is `outbound-sidecar` unless it is here."""

    def goes_to(self, upstream: str) -> bool:
        """Whether an upstream is sent the context of the attempt."""
        return self.propagate and (not self.propagate_to or upstream in self.propagate_to)
