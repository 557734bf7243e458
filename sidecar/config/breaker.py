"""When calls of an upstream in trouble are held back. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from sidecar.config.key_template import KeyTemplateText
from sidecar.config.retry import Ratio, ratio
from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Duration, Flag, Timeout

Growth = Annotated[float, Field(ge=1, le=10), BeforeValidator(ratio)]


@dataclass(frozen=True, slots=True)
class Breaker:
    """The circuit breaker: probes early, and lets calls wait. See docs/resilience.md.

    4xx answers and clients that leave never count.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    enabled: Flag = True
    """Whether there is a breaker at all."""
    enforce: Flag = True
    """`false` only observes: it opens and closes as it would, and lets every call through."""
    key: KeyTemplateText = "upstream"
    """Which calls share a breaker: parts joined by `+`, such as `upstream+model`. A part is
    `upstream`, `route`, `credential`, a `{name}` of the route's path, `header:NAME` or a JSON path
    into the request's body. Where the path has no `{model}`, it is the body's. A call that lacks a
    part shares by the others."""
    consecutive: Count = 5
    """It opens after this many failures in a row."""
    failure_rate: Ratio = 0.5
    """It also opens when this share of the calls in `window` failed."""
    min_calls: Count = 6
    """The fewest calls in `window` of which a share is taken."""
    window: Timeout = 10.0
    """How far back `failure_rate` and `slow_rate` look, to a tenth of it."""
    slow: Timeout | None = None
    """An answer whose first byte took longer than this counts as slow. Default: none is slow."""
    slow_rate: Ratio = 0.8
    """It also opens when this share of the calls in `window` was slow."""
    open: Timeout = 0.25
    """How long it stays open for the first time in an outage, until a call may probe. A random
    tenth at most is taken off each time. If a failure asks for a longer wait (`Retry-After`), that
    is kept."""
    open_growth: Growth = 1.5
    """What `open` is multiplied by each time that a probe fails."""
    open_early: Timeout = 1.0
    """What it grows to, during the first part of an outage (`early`)."""
    early: Timeout = 60.0
    """How long an outage is probed that often."""
    open_late: Timeout = 5.0
    """How long it stays open each time after that."""
    max_open: Timeout = 60.0
    """It never stays open longer without a probe, whatever the upstream asks for."""
    probes: Count = 1
    """How many probes must succeed, one after the other, before it closes."""
    probe_timeout: Timeout = 2.0
    """A probe without an answer for so long no longer keeps the next one from being sent."""
    ramp: Count = 4
    """How many calls may be in flight when it has just closed again. Each good answer adds one; a
    whole round of those that take more than twice as long as usual adds a tenth."""
    ramp_time: Timeout = 1.0
    """The bound doubles where no answer comes for a quarter of this, and is gone when no call has
    had to wait for it for so long."""
    hold: Duration = 4.0
    """How long a GET, HEAD or OPTIONS waits, within its deadline and over all its attempts, for the
    breaker to let it through. `0s` refuses at once (`breaker_open`)."""
    hold_unsafe: Duration | None = None
    """The same for all other methods. Default: twice `hold`."""
    max_held: Count = 100
    """How many calls of one breaker may wait at once; the rest are refused at once."""

    def hold_of(self, *, safe: bool) -> float:
        """Seconds that a call may wait; `safe` says whether its method is."""
        if safe:
            return self.hold
        return 2 * self.hold if self.hold_unsafe is None else self.hold_unsafe
