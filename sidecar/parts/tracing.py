"""What makes traces of a configuration: the exporter, and the layers of each route.

Nothing of it exists where no collector is configured.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sidecar import __version__
from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.config.tracing import Tracing as Settings
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.trace import Parts as TraceParts
from sidecar.layers.trace import trace
from sidecar.layers.trace_attempt import Parts as AttemptParts
from sidecar.layers.trace_attempt import trace_attempt
from sidecar.telemetry.trace_stats import TraceStats
from sidecar.tracing.attributes import Place
from sidecar.tracing.exporter import Exporter
from sidecar.tracing.span import Value
from sidecar.tracing.tracer import Tracer

_NO_OTEL = "tracing.endpoint needs the extra: pip install 'outbound-sidecar[otel]'"
_ANY_PATH = "/**"


@dataclass(frozen=True, slots=True)
class Tracing:
    """The traces of a sidecar."""

    settings: Settings
    places: Mapping[str, Place]
    """By upstream."""
    tracer: Tracer
    exporter: Exporter
    stats: TraceStats

    def layer(self, route: RouteEntry) -> Layer:
        """Makes a span of each exchange."""
        path = route.config.match.path
        template = "" if path == _ANY_PATH else path
        return trace(TraceParts(self.tracer, template, route.config.errors))

    def attempts(self, route: RouteEntry) -> Layer:
        """Makes a span of each attempt."""
        return trace_attempt(
            AttemptParts(
                tracer=self.tracer,
                place=self.places[route.upstream],
                propagate=self.settings.goes_to(route.upstream),
                model=route.config.dialect == "gemini",
            )
        )

    async def close(self) -> None:
        """Send what is waiting, for a second at most."""
        await asyncio.to_thread(self.exporter.close)


def make_tracing(config: Config, clock: Clock, before: Tracing | None = None) -> Tracing | None:
    """The traces that a configuration asks for; None where it asks for none.

    Args:
        config: the whole of it.
        clock: where time comes from.
        before: what was in use before a reload: its exporter goes on where the settings of
            `tracing` are the same. Otherwise whoever replaces it closes it.

    Raises:
        OSError: the extra `otel` is not installed.
    """
    settings = config.tracing
    if settings.endpoint is None:
        return None
    places = {name: Place.of(upstream.url) for name, upstream in config.upstreams.items()}
    if before is not None and before.settings == settings:
        return replace(before, places=places)
    try:
        from sidecar.tracing import otlp
    except ImportError:
        raise OSError(_NO_OTEL) from None
    resource: Mapping[str, Value] = {
        "service.name": "outbound-sidecar",
        "service.version": __version__,
        **settings.attributes,
    }
    stats = TraceStats()
    exporter = Exporter(
        settings.endpoint,
        {name: value.reveal() for name, value in settings.headers.items()}
        | {"Content-Type": otlp.CONTENT_TYPE},
        lambda spans: otlp.request(spans, resource, __version__),
        otlp.rejected,
        stats,
    )
    tracer = Tracer(settings.sample, exporter.export, clock)
    return Tracing(settings, places, tracer, exporter, stats)
