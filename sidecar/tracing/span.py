"""What a span is, as plain values. Knows no exchange and no collector."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sidecar.core.trace_context import Context

Kind = Literal["server", "client", "internal"]
Value: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Span:
    """One span that has ended."""

    context: Context
    parent: str
    """The identifier of the span that it is a part of; "" where its trace begins with it."""
    name: str
    kind: Kind
    began: float
    """Seconds since the Unix epoch."""
    duration: float
    """Seconds."""
    attributes: Mapping[str, Value]
    failed: bool = False
    """Whether its status is an error."""
