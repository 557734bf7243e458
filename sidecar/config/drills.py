"""Faults that are made on purpose, to see what the application does.

Knows the names of the faults; what each does is in `sidecar/faults`. Field docstrings are the
reference.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.retry import ratio
from sidecar.config.strict import STRICT
from sidecar.config.values import DURATION_PATTERN, Duration, Flag, Name, Text, Timeout, timeout

FaultName = Literal[
    "gemini.429_retryinfo",
    "gemini.429_daily_quota",
    "gemini.503_overloaded",
    "gemini.500_internal",
    "gemini.stream_error_frame",
    "gemini.stream_truncated",
    "whatsapp.131056",
    "whatsapp.130429",
    "whatsapp.80007",
    "whatsapp.131000",
    "whatsapp.190",
    "whatsapp.lost_answer",
    "supabase.522_html",
    "supabase.521_html",
    "supabase.544_timeout",
    "supabase.57014",
    "supabase.PGRST003",
    "supabase.401_jwt_expired",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "503_retry_after",
    "429_retry_after",
    "connect_refused",
    "connect_timeout",
    "keepalive_reset",
    "reset_before_answer",
    "hang",
    "garbage",
    "latency",
    "slow_body",
    "trickle",
    "truncated_body",
    "truncated_chunked",
]

MOST = 32
"""Drills at once; more would be a mistake."""

LONGEST = 86400.0
"""Seconds that a drill may last: one that is forgotten ends all the same."""


def lasting(value: object) -> float:
    """How long something forced by hand may last: more than nothing, a day at the most.

    Raises:
        PydanticCustomError: as `timeout`; or longer.
    """
    seconds = timeout(value)
    if seconds > LONGEST:
        raise PydanticCustomError("duration_range", "longer than 24 hours")
    return seconds


Lasting = Annotated[
    float,
    BeforeValidator(lasting),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
Percent = Annotated[float, Field(ge=0.1, le=100), BeforeValidator(ratio)]


@dataclass(frozen=True, slots=True)
class Drill:
    """One fault, for some of the calls of one upstream, for some time."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    fault: FaultName
    """What goes wrong; `sidecar drill list` and docs/drills.md explain each."""
    upstream: Name
    """Whose calls."""
    route: Text | None = None
    """Which of its routes, by name. Default, or `"*"`: all of them."""
    percent: Percent = 100.0
    """How many of these calls, at random."""
    lasts: Lasting = 600.0
    """When it ends by itself, counted from the start of the sidecar; 24 hours at the most."""
    delay: Timeout | None = None
    """How long the fault's own time is: the latency, the pause, what the answer asks to wait.
    Default: the fault's; without effect on faults that have none."""
    jitter: Duration = 0.0
    """`delay` is this much longer or shorter, at random; for `latency` only."""


@dataclass(frozen=True, slots=True)
class Drills:
    """Faults that are made on purpose. See docs/drills.md."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    allowed: Flag = False
    """Whether faults may be made at all, here or by hand through the admin listener."""
    active: tuple[Drill, ...] = ()
    """Drills that begin with the sidecar."""
