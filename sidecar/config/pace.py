"""How fast calls may follow each other. Field docstrings are the reference.

Knows what can be written; nothing of how a call waits for its turn.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.key_template import KeyTemplateText
from sidecar.config.retry import ratio
from sidecar.config.strict import STRICT
from sidecar.config.values import (
    Count,
    Duration,
    Flag,
    Name,
    Timeout,
    Waiters,
    duration,
    whole,
)

_RATE = re.compile(r"([0-9]{1,6})/([0-9]+(?:\.[0-9]+)?)?(ms|s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST = 10_000
"""Calls per second. Between two of more, no timer can tell the difference."""
_OUTSIDE_NAME = re.compile(r"[^a-z0-9]+")

RATE_PATTERN = rf"^{_RATE.pattern}$"


def rate(value: object) -> float:
    """Calls per second of `"80/s"`, `"10/m"`, `"1/6s"`.

    Raises:
        PydanticCustomError: nothing at all, more than 10000 per second, or anything else.
    """
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("rate", 'expected a rate such as "80/s", "10/m" or "1/6s"')
    count, seconds = int(match[1]), duration(f"{match[2] or 1}{match[3]}")
    if count == 0 or seconds == 0 or count / seconds > _MOST:
        raise PydanticCustomError("rate_range", "a rate is more than none and at most 10000/s")
    return count / seconds


def format_rate(per_second: float) -> str:
    """How a rate is written: in whole calls per unit where that is exact."""
    exact = Fraction(per_second).limit_denominator(1_000_000)
    for unit, seconds in _UNITS.items():
        if (exact * seconds).denominator == 1 and exact * seconds < 1_000_000:
            return f"{exact * seconds}/{unit}"
    return f"{exact.numerator}/{exact.denominator}s"


Rate = Annotated[
    float,
    BeforeValidator(rate),
    WithJsonSchema({"type": "string", "pattern": RATE_PATTERN}),
]
Growth = Annotated[float, Field(ge=1, le=16), BeforeValidator(ratio)]
Keys = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(whole)]


@dataclass(frozen=True, slots=True)
class PaceBackoff:
    """How long a key rests when the upstream says that it got too many calls (429 and alike).

    The default is what Meta asks for: 4^n seconds, n from 0.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    base: Duration = 1.0
    """The first rest. `0s` rests only for as long as the upstream asks."""
    growth: Growth = 4.0
    """What each further one in a row is multiplied by. A call that succeeds ends the row."""
    cap: Timeout = 64.0
    """No rest is longer, unless the upstream asks for it (`Retry-After`)."""
    max_asked: Timeout = 3600.0
    """What the upstream asks for is heeded up to this."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A rate that calls do not exceed: those that come faster wait for their turn.

    In any window, calls <= burst + rate x seconds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    rate: Rate
    """Calls per time: `80/s`, `10/m`, `1/6s`."""
    burst: Count = 1
    """Calls that may pass at once after a quiet time; those that follow are evenly apart. With `1`
    all of them are, but then the milliseconds by which timers are late are lost: above some 50/s,
    write at least `2` to reach the rate."""
    key: KeyTemplateText = "upstream"
    """By what calls belong together: `upstream`, `route`, `credential`, a `{name}` of the route's
    path, `header:NAME`, a JSON path of the body such as `$.to`, or several joined by `+`. Each key
    has a rate of its own. A call that has no such key is not paced."""
    name: Name | None = None
    """Its name in metrics. Default: the key, with `-` for what is no letter or digit."""
    max_wait: Duration = 5.0
    """How long a call waits for its turn (`pace_timeout`); never longer than it could still be
    answered in time. It is refused at once if that is foreseeable. `0s` refuses what is too
    fast."""
    max_waiters: Waiters = 1000
    """How many calls of one key wait at the most (`pace_full`)."""
    max_keys: Keys = 10_000
    """How many keys are remembered at once. A key that has been quiet costs nothing."""
    backoff: PaceBackoff = field(default_factory=PaceBackoff)
    """How long a key rests when the upstream refuses it for being too fast."""
    enforce: Flag = True
    """`false` lets every call through and only counts those that would have had to wait."""

    @property
    def title(self) -> str:
        """Its name in metrics."""
        return self.name or _OUTSIDE_NAME.sub("-", self.key.lower()).strip("-")
