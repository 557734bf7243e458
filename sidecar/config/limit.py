"""How many calls may be at an upstream at once. Field docstrings are the reference.

Knows what can be written; nothing of how a limit is kept or found.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from sidecar.config.header_name import HeaderName
from sidecar.config.key_template import KeyTemplateText
from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Duration, Flag, Waiters

Priority = Literal["interactive", "batch"]
"""Whether somebody waits for the answer, or the call can as well be made later."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls in flight at an upstream, over all its routes, and the queue before them."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    mode: Literal["fixed", "adaptive"] = "fixed"
    """`fixed` keeps to `inflight`. `adaptive` finds the number that the upstream serves without
    queueing, from the time to the first byte; for an upstream that is your own. A public API that
    many share gets slow for other reasons than your calls."""
    inflight: Count = 100
    """The most calls in flight, from the request to the last byte of its answer."""
    min: Count = 4
    """What `adaptive` never goes below. Where it is more than `inflight`, that is used."""
    initial: Count = 20
    """Where `adaptive` begins. It is moved into the range from `min` to `inflight`."""
    max_wait: Duration = 0.1
    """How long a call waits for its turn (`limit_timeout`); never longer than it could still be
    answered in time. `0s` refuses at once (`limit_full`). When the queue does not get empty any
    more, the newest call is served first, because the oldest has hardly any time left."""
    max_waiters: Waiters = 1000
    """How many calls wait at the most (`limit_full`). Where it is full, a batch call makes room
    for an interactive one, and the longest lane of `fair_by` for a shorter one."""
    priority_header: HeaderName | None = None
    """Header field by which the application says `interactive` or `batch`, for instance
    `X-Sidecar-Priority`. Batch calls wait until no interactive one does. Without it, and with any
    other value, the route's `priority` is used."""
    fair_by: KeyTemplateText | None = None
    """What divides the waiting calls into lanes that take turns, such as `header:x-tenant` or
    `credential`. Default: one lane."""
    enforce: Flag = True
    """`false` lets every call through and only counts those that would have had to wait."""
