"""The breaker around an upstream's attempts, and the second look just before they are sent."""

from sidecar.layers.breaker.held import Held
from sidecar.layers.breaker.layer import BreakerLayer, Parts, RecheckLayer, breaker, recheck

__all__ = ["BreakerLayer", "Held", "Parts", "RecheckLayer", "breaker", "recheck"]
