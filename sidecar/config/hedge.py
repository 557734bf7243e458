"""When a read that is slow is asked for a second time. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from sidecar.config.retry import Ratio, ratio
from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Flag, Timeout

Quantile = Annotated[float, Field(ge=0.5, le=0.999), BeforeValidator(ratio)]


@dataclass(frozen=True, slots=True)
class Hedge:
    """A second request beside a GET or HEAD that is slower than nearly all others.

    The first good answer is used, and the other call is ended. For upstreams where a read costs
    nothing.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    enabled: Flag = False
    """Whether slow reads are asked for twice at all."""
    quantile: Quantile = 0.95
    """The second request is sent when the first has taken longer than this part of the latest
    reads of the route: 0.95 means that one read of twenty is slow enough."""
    min_delay: Timeout = 0.05
    """It is never sent earlier than this."""
    min_samples: Count = 50
    """As long as fewer reads than this were seen in the last two minutes, none is sent."""
    ratio: Ratio = 0.05
    """Second requests that each read adds to their own budget. They are taken from the
    upstream's `retry.budget` as well, and none is sent while repetitions have taken more than half
    of that."""
    delay: Timeout | None = None
    """A fixed time to wait for the first, instead of the measured one."""
