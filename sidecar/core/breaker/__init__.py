"""The circuit breaker: which calls may go to an upstream in trouble, and when.

Pure decisions; `layers/breaker/` does the waiting. `states.py` alone knows aiobreaker.
"""

from sidecar.core.breaker.breaker import Alarm, Breaker
from sidecar.core.breaker.circuit import Notify
from sidecar.core.breaker.line import Ticket
from sidecar.core.breaker.permit import Permit
from sidecar.core.breaker.registry import Breakers, BreakerSet
from sidecar.core.breaker.values import Failure, Forced, Refusal, Stage, State, Transition

__all__ = [
    "Alarm",
    "Breaker",
    "BreakerSet",
    "Breakers",
    "Failure",
    "Forced",
    "Notify",
    "Permit",
    "Refusal",
    "Stage",
    "State",
    "Ticket",
    "Transition",
]
