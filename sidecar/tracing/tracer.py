"""Where spans are made: identifiers drawn, sampling applied, what has ended handed on.

Knows a collector only as a callable; what a span says is worded in `attributes`.
"""

from collections.abc import Callable, Mapping
from random import SystemRandom
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.core.trace_context import Context, begin, read
from sidecar.exchange import RawHeaders
from sidecar.tracing.span import Kind, Span, Value

_ID, _TRACE = 64, 128


class Started(NamedTuple):
    """A span that has begun."""

    context: Context
    parent: str
    """The identifier of the span above; "" where there is none."""
    wall: float
    now: float
    given: bool
    """Whether the application gave a valid context."""


class Tracer:
    """Begins spans and ends them.

    Args:
        sample: the share of the traces that begin here that are recorded.
        export: takes each span that has ended; never blocks.
        clock: where time comes from.
        draw: so many random bits.
    """

    def __init__(
        self,
        sample: float,
        export: Callable[[Span], None],
        clock: Clock,
        draw: Callable[[int], int] | None = None,
    ) -> None:
        self._sample = sample
        self._export = export
        self._clock = clock
        self._draw = draw or SystemRandom().getrandbits

    def start(self, headers: RawHeaders, *, inside: bool) -> Started:
        """Begin a span, in the trace that the fields name, or in a new one.

        Args:
            headers: of the request.
            inside: whether what the layers above have left there counts; it is not to be believed
                of an application.
        """
        found = read(headers)
        parent = (found.inside if inside else None) or found.given
        if parent is None:
            context = begin(self._draw(_TRACE), self._draw(_ID), self._sample)
        else:
            context = parent.child(self._draw(_ID))
        above = parent.span_id if parent is not None else ""
        given = found.given is not None
        return Started(context, above, self._clock.wall(), self._clock.now(), given)

    def end(
        self,
        started: Started,
        name: str,
        kind: Kind,
        attributes: Mapping[str, Value],
        *,
        failed: bool,
    ) -> None:
        """End a span that is sampled, and hand it on."""
        duration = self._clock.now() - started.now
        context, parent, wall, _, _ = started
        self._export(Span(context, parent, name, kind, wall, duration, attributes, failed))
